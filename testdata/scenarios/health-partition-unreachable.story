title: a partition that cannot be read holds the rollout for lag, and is not taken for silence
# Events of the other partition come, but no window is whole.

-- spec --
health: {noData: {after: 2m, action: rollback}}

-- story --
0s          see advance started canary 20%
2m          partition 1 unreachable
4m..5m      see hold lag canary 20%
never       no_data
2m..12m     never stage_passed
11m         see held lag
12m         partition 1 reachable
12m..13m    see advance stage_passed canary 50%
14m         end
