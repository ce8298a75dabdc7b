title: a kill ends the rollout for good, whoever says promote afterwards

-- story --
0s          see advance started canary 20%
2m          operator ann kill "leaks data"
2m..2m10s   see rollback command canary 0% "ann ordered kill"
3m          operator bob promote
4m          operator bob resume
2m10s..10m  never canary above 0%
10m         see phase rolled_back
10m         end
