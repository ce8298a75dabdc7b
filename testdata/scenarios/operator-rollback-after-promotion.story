title: what is promoted can still be taken back by an operator

-- story --
0s          see advance started canary 20%
3m..6m      see advance stage_passed canary 50%
6m..10m     see promote promoted canary 95%
10m         operator ann rollback "support is overrun"
10m..10m10s see rollback command canary 0%
12m         end
