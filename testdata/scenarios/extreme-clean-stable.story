title: stable without a single error and a canary with 10 %: rolled back within 200 canary events
# Equal arms, five guardrails that share the error budget. A rule on the ratio of the
# error rates would divide by zero.

-- spec --
strategy: guard
stages: [{weight: 50, bake: 10m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.01}, tolerance: {absolute: 0.001}}
  - {name: a, kind: proportion, field: metrics.a, worse: higher, role: guardrail, margin: {absolute: 0.1}}
  - {name: b, kind: proportion, field: metrics.b, worse: higher, role: guardrail, margin: {absolute: 0.1}}
  - {name: c, kind: proportion, field: metrics.c, worse: higher, role: guardrail, margin: {absolute: 0.1}}
  - {name: d, kind: proportion, field: metrics.d, worse: higher, role: guardrail, margin: {absolute: 0.1}}

-- story --
0s   traffic 2/s
0s   both error_type 0%
0s   both metrics.a 10%
0s   both metrics.b 20%
0s   both metrics.c 30%
0s   both metrics.d 50%
0s   see advance started canary 50%
0s   canary error_type 10%
0s..200s see rollback harm canary 0% "errors" within 200 canary events
6m   see phase rolled_back
6m   end
