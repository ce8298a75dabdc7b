title: another version in the canary's place is not the one that is judged

-- story --
0s          both version v2
0s          stable version v1
0s          see advance started canary 20%
2m          canary version v3
2m..3m      see hold artifact_changed canary 20% "of the canary another than v2"
never       stage_passed
10m         see held artifact_changed
10m         end
