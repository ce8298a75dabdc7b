title: when stable stops there is nothing to compare with, and the canary stays where it is

-- story --
0s     see advance started canary 20%
2m     stable silent
2m10s..3m see hold no_baseline canary 20%
never  stage_passed
15m    see held no_baseline
15m    end
