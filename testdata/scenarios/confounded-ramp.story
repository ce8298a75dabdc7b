title: when everything gets worse while the canary grows, it is not the canary's fault
# Pooled over the stages the canary looks worse than stable: it has more of the bad
# times. Within each window both arms are the same.

-- spec --
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.05}}

-- story --
0s          both error_type 1%
0s          see advance started canary 20%
3m..5m      see advance stage_passed canary 50%
3m30s       both error_type 4%
6m..11m     see promote promoted canary 95%
7m          both error_type 8%
never       rollback
9m30s       end
