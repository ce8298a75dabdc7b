title: an arm of which many events come after their window was sealed is not compared

-- story --
0s          see advance started canary 20%
0s          both late 10% by 1m
1m..2m      see hold data_quality canary 20% "came after their window was sealed"
never       stage_passed
10m         see held data_quality
10m         end
