title: memory beyond its margin in three of five windows is a rule without error control, and rolls back

-- spec --
source:
  kafka: {predictions: predictions, outcomes: outcomes, resources: resources}
  join: {key: prediction_id, horizon: 1m}
  time: {window: 10s, lateness: 5s}
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.03}}
  - {name: memory, kind: mean, on: resource, field: memory_bytes, worse: higher, role: guardrail, margin: {relative: 20%}, breached: {windows: 3, of: 5}}

-- story --
0s          both memory_bytes normal 3e9 1e7
0s          see advance started canary 20%
90s         canary memory_bytes normal 5e9 1e7
2m..5m      see rollback harm canary 0% "a rule without error control"
6m          end
