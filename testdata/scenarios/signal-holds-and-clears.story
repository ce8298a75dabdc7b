title: a signal holds the rollout while it speaks, and lets it go when it falls silent

-- spec --
stages: [{weight: 20, bake: 2m}, {weight: 50, bake: 20m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.03}}
  - {name: refusals, kind: proportion, field: metrics.refused, worse: higher, role: signal, margin: {absolute: 0.02}}

-- story --
0s          both metrics.refused 2%
0s          see advance started canary 20%
0s          canary metrics.refused 25%
30s..3m     see hold signal canary 20% "refusals"
3m          canary metrics.refused 1%
4m..19m     see advance stage_passed canary 50%
never       rollback
20m         end
