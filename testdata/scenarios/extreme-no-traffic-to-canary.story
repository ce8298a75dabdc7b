title: a canary without traffic beside a talking stable holds first, and is rolled back after ten minutes

-- story --
0s         see advance started canary 20%
2m         canary silent
2m20s..3m  see hold canary_silent canary 20%
3m         see missing "bake"
12m..13m   see rollback canary_silent canary 0%
16m        see phase rolled_back
16m        end
