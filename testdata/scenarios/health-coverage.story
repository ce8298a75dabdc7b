title: labels that come for fewer of the canary's answers are no fair sample

-- story --
0s          see advance started canary 20%
0s          canary labels 80%
1m..5m      see hold coverage canary 20% "accuracy"
never       stage_passed
8m          end
