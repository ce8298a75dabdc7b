title: where the policy says so a signal is as good as a guardrail

-- spec --
policy: {onSignal: rollback}
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.03}}
  - {name: refusals, kind: proportion, field: metrics.refused, worse: higher, role: signal, margin: {absolute: 0.02}}

-- story --
0s          both metrics.refused 2%
0s          see advance started canary 20%
0s          canary metrics.refused 25%
30s..3m     see rollback harm canary 0% "refusals"
4m          end
