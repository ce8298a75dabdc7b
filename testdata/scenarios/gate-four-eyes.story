title: four eyes: the same operator's second promote is not a second operator's

-- spec --
stages: [{weight: 20, bake: 3m, gate: manual}, {weight: 100, bake: 3m}]
policy: {approvals: 2}

-- story --
0s          see advance started canary 20%
3m..6m      see hold gate canary 20% "2 different operators"
6m          operator ann promote
7m          operator ann promote
9m          see canary 20%
10m         operator bob promote
10m..11m    see promote promoted canary 95%
0s..10m     never promote
11m         end
