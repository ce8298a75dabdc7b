title: an operator's promote opens a gate; it cannot stand in for safety

-- spec --
stages: [{weight: 20, bake: 3m, gate: manual}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.001}}

-- story --
0s          see advance started canary 20%
1m          operator ann promote "I am sure"
3m..4m      see hold insufficient canary 20% "errors"
never       promote
15m         end
