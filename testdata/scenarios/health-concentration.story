title: a robot that sends a third of the canary's events holds the rollout

-- spec --
assignment: sticky
unit: user_id
stages: [{weight: 30, bake: 3m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.05}}

-- story --
0s          see advance started canary 30%
0s          canary robot 33%
1m..4m      see hold concentration canary 30%
never       promote
6m          end
