title: sticky users are counted once each, and a canary as good as stable is promoted

-- spec --
assignment: sticky
unit: user_id
stages: [{weight: 20, bake: 3m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.08}}

-- story --
0s          units 20000
0s          see advance started canary 20%
3m..15m     see promote promoted canary 95%
never       rollback
6m..9m      see hold insufficient canary 95%
7m..15m     see promote completed canary 100%
15m         end
