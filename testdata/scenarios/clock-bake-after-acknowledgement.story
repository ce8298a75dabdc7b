title: the bake counts windows after every router has applied the step, not before

-- story --
0s          routers ack in 2m
0s          see advance started canary 20%
1m55s       see missing "every expected router"
0s..5m      never stage_passed
5m..7m      see advance stage_passed canary 50%
7m          end
