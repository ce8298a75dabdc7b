title: a fifth of the canary's events is lost on the way: what is left is no fair sample

-- story --
0s          see advance started canary 20%
0s          canary loses 30%
0s          canary labels none
1m..10m     see hold assignment canary 20%
never       stage_passed
12m         end
