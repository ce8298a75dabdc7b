title: without a baseline an absolute limit still takes the canary back

-- spec --
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.03}, limit: 0.05}

-- story --
0s          see advance started canary 20%
1m          stable silent
1m..2m      see hold no_baseline canary 20%
2m          canary error_type 60%
2m..4m      see rollback limit_exceeded canary 0%
5m          end
