title: when everything gets worse while the canary grows, it is not the canary's fault
# Pooled over the stages the canary looks worse than stable: it has more of the bad
# times. Within each window both arms are the same.

-- story --
0s          both error_type 1%
0s          see advance started canary 20%
3m..6m      see advance stage_passed canary 50%
4m          both error_type 4%
6m..14m     see promote promoted canary 95%
9m          both error_type 8%
never       rollback
11m..25m    see hold insufficient canary 95%
25m         end
