title: an operator who has looked at a signal lets the rollout go on, for this stage

-- spec --
stages: [{weight: 20, bake: 6m}, {weight: 50, bake: 6m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.03}}
  - {name: refusals, kind: proportion, field: metrics.refused, worse: higher, role: signal, margin: {absolute: 0.02}}

-- story --
0s          both metrics.refused 2%
0s          canary metrics.refused 25%
0s          see advance started canary 20%
30s..3m     see hold signal canary 20% "refusals"
4m          operator ann resume "refuses more on purpose"
4m..5m      see advance resumed canary 20%
6m..8m      see advance stage_passed canary 50%
6m..9m      see hold signal canary 50% "refusals"
10m         end
