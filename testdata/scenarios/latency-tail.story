title: a slower tail is found although the median is the same

-- spec --
metrics:
  - {name: latency_p90, kind: quantile, quantile: 0.9, field: latency_seconds, worse: higher, role: guardrail, margin: {relative: 25%}}

-- story --
0s          both latency_seconds lognormal 0.12 0.5
0s          see advance started canary 20%
2m          canary latency_seconds lognormal 0.12 1
3m..4m      see hold insufficient canary 20% "latency_p90"
4m..10m     see rollback harm canary 0% "latency_p90"
11m         end
