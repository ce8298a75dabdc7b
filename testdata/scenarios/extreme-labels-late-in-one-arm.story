title: labels that come too late in one arm are not compared with the other's
# The canary's labels take five minutes, the horizon is one.

-- story --
0s     see advance started canary 20%
0s     canary labels after 5m
0s     canary outcome.correct 100%
1m..4m see hold coverage canary 20% "accuracy"
never stage_passed
20m    see held coverage
20m    end
