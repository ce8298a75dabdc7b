title: labels that come long after the stage still take the canary back

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
0s          canary outcome.correct 50%
0s          see advance started canary 20%
3m..4m      see advance stage_passed canary 50%
6m..8m      see promote promoted canary 95%
9m..11m     see hold insufficient canary 95%
10m..13m    see rollback harm canary 0% "accuracy"
never       completed
14m         end
