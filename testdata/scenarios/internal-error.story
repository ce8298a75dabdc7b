title: an engine that fails in a rollout holds it and says so; a restart derives its state anew and goes on

-- story --
0s          see advance started canary 20%
90s         engine fails
90s         see hold internal_error canary 20% "index out of range"
91s..3m     never advance
3m          engine stops
3m5s        engine starts
3m5s..4m    see advance resumed canary 20%
4m..8m      see advance stage_passed canary 50%
8m          end
