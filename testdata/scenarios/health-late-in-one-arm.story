title: when events of one arm come late more often, what is left of it is no fair sample

-- story --
0s          see advance started canary 20%
0s          canary late 6% by 1m
1m..2m      see hold data_quality canary 20% "one arm's events come late more often"
1m..9m      see hold assignment canary 20%
never       stage_passed
12m         end
