title: a rollout is complete only when the labels of every stage have come

-- spec --
source:
  kafka: {predictions: predictions, outcomes: outcomes}
  join: {key: prediction_id, horizon: 10m}
  time: {window: 10s, lateness: 5s}
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.03}}
  - {name: accuracy, kind: proportion, on: outcome, field: correct, worse: lower, role: guardrail, margin: {absolute: 0.1}, mode: watch}

-- story --
0s          both labels after 9m
0s          see advance started canary 20%
3m..4m      see advance stage_passed canary 50%
6m..8m      see promote promoted canary 95%
9m..12m     see hold insufficient canary 95% "accuracy: the labels of the stages before"
6m..16m     never completed
16m..20m    see promote completed canary 100%
20m         end
