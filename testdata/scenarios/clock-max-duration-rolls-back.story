title: a stage that lasts too long is rolled back where the policy says so

-- spec --
stages: [{weight: 20, bake: 2m, maxDuration: 5m}, {weight: 100, bake: 3m}]
policy: {onMaxDuration: rollback}
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.001}}

-- story --
0s          traffic 5/s
0s          see advance started canary 20%
2m..3m      see hold insufficient canary 20%
5m..6m      see rollback max_duration canary 0%
never       promote
8m          end
