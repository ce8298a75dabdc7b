title: one router of three that is gone keeps the step from counting

-- spec --
publish: {routers: 3}

-- story --
0s          router 2 quiet
0s          see advance started canary 20%
5m..6m      see hold unapplied canary 20%
never       stage_passed
12m         end
