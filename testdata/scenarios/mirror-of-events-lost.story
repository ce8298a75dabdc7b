title: predictions of stable that never arrive are a broken split, not a good canary

-- story --
0s          see advance started canary 20%
0s          stable loses 40%
30s..4m     see hold assignment canary 20%
never       stage_passed
10m         end
