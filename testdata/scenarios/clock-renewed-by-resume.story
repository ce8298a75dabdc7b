title: an operator's resume gives an overdue stage its time again

-- spec --
stages: [{weight: 20, bake: 2m, maxDuration: 5m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.01}}

-- story --
0s          traffic 4/s
0s          see advance started canary 20%
2m..3m      see hold insufficient canary 20%
5m..6m      see hold max_duration canary 20%
7m          traffic 40/s
7m          operator ann resume "there is more traffic now"
7m..8m      see hold insufficient canary 20%
8m..14m     see promote promoted canary 95%
11m..13m    see hold insufficient canary 95%
13m         end
