title: a small canary within its margins is neither aborted by chance nor promoted without evidence
# Fixed thresholds roll back on three errors among fifty requests.

-- spec --
stages: [{weight: 20, bake: 5m}, {weight: 100, bake: 5m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.01}}

-- story --
0s          traffic 5/s
0s          both error_type 3%
0s          see advance started canary 20%
5m..6m      see hold insufficient canary 20% "errors: safety"
never       rollback
never       promote
12m         end
