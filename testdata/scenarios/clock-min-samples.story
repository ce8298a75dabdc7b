title: a stage with too few samples waits for them, however long it has baked

-- spec --
stages: [{weight: 20, bake: 2m, minSamples: 1500}, {weight: 100, bake: 2m}]

-- story --
0s          see advance started canary 20%
2m..4m      see hold insufficient canary 20% "samples"
3m30s       see missing "samples"
0s..6m      never promote
6m..9m      see promote promoted canary 95%
9m          end
