title: an operator's resume gives an overdue stage its time again

-- spec --
stages: [{weight: 20, bake: 2m, maxDuration: 5m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.001}}

-- story --
0s          traffic 10/s
0s          see advance started canary 20%
2m..3m      see hold insufficient canary 20%
5m..6m      see hold max_duration canary 20%
7m          operator ann resume "there will be more traffic"
7m..8m      see hold insufficient canary 20%
12m..13m    see hold max_duration canary 20%
never       promote
14m         end
