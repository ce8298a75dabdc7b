title: users in both arms are no fault where every request is assigned on its own

-- spec --
assignment: request
unit: user_id
stages: [{weight: 30, bake: 3m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.05}}

-- story --
0s          see advance started canary 30%
3m..8m      see promote promoted canary 95%
never       hold
6m          end
