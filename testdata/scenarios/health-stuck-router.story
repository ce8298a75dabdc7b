title: routers that acknowledge a step and go on with the split before it are found out

-- spec --
stages: [{weight: 20, bake: 2m}, {weight: 60, bake: 5m}, {weight: 100, bake: 3m}]

-- story --
0s          routers unmarked
0s          see advance started canary 20%
2m          routers stuck
2m..5m      see advance stage_passed canary 60%
3m..8m      see hold unapplied canary 60%
never       promote
15m         see held unapplied
15m         end
