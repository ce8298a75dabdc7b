title: a split that is not the one ordered makes the comparison void, for the whole generation

-- story --
0s          see advance started canary 20%
0s          routers split 30%
30s..3m     see hold assignment canary 20%
10m         routers follow
20m         see held assignment
never       stage_passed
20m         end
