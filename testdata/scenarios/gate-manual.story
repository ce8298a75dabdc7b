title: a manual gate opens for an operator, and only when everything else is shown

-- spec --
stages: [{weight: 20, bake: 3m, gate: manual}, {weight: 100, bake: 3m}]

-- story --
0s          see advance started canary 20%
3m..6m      see hold gate canary 20%
9m          see canary 20%
10m         operator ann promote "looks fine"
10m..11m    see promote promoted canary 95%
0s..10m     never promote
11m         end
