title: users who are sent to both arms make the comparison worthless

-- spec --
assignment: sticky
unit: user_id
stages: [{weight: 30, bake: 3m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.05}}

-- story --
0s          see advance started canary 30%
0s          units 1000
0s          routers cross 20%
30s..4m     see hold crossover canary 30%
never       promote
6m          end
