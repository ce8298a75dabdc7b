title: when both arms fall silent the canary stays, and goes on by itself when data come back

-- story --
0s          see advance started canary 20%
1m          traffic 0/s
3m..3m30s   see hold no_data canary 20%
30m         see held no_data
30m         traffic 20/s
30m..31m    see advance resumed canary 20%
31m..36m    see advance stage_passed canary 50%
30s..31m    never stage_passed
36m         end
