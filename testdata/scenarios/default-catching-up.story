title: an engine that was away for an hour finishes one stage at most from what has gathered

-- story --
0s          see advance started canary 20%
2m          engine stops
1h2m        engine starts
1h2m..1h5m  see advance stage_passed canary 50%
1h7m        see canary 50%
1h7m        end
