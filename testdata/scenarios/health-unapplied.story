title: a step that the routers do not acknowledge is no step: nothing counts until they do

-- story --
0s          routers quiet
0s          see advance started canary 20%
5m..6m      see hold unapplied canary 20%
4m          see missing "every expected router to acknowledge"
10m         routers follow
10m..11m    see advance resumed canary 20%
1m..13m     never stage_passed
13m..16m    see advance stage_passed canary 50%
16m         end
