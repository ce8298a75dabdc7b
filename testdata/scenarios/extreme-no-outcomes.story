title: a canary whose outcomes never come is never taken for a good one
# Predictions flow; the labels of one arm do not. Their absence is not safety.

-- story --
0s      see advance started canary 20%
0s      canary labels none
1m..4m  see hold coverage canary 20% "accuracy"
never stage_passed
20m     see held coverage
20m     end
