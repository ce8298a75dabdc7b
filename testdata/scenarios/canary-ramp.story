title: a canary that is as good as stable is promoted through every stage

-- story --
0s      see advance started canary 20%
3m..5m  see advance stage_passed canary 50%
6m..9m  see promote promoted canary 95%
9m..14m see promote completed canary 100%
20m     see phase completed
20m     end
