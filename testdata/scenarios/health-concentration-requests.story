title: a robot is found as well where every request is assigned on its own, if the spec names a unit

-- spec --
assignment: request
unit: user_id
stages: [{weight: 30, bake: 3m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.05}}

-- story --
0s          see advance started canary 30%
0s          both robot 33%
20s..4m     see hold concentration canary 30%
never       promote
6m          end
