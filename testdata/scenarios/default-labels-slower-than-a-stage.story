title: labels that come later than a stage lasts are refused, unless the metric says what that means
refused: mode: gate

-- spec --
source:
  kafka: {predictions: predictions, outcomes: outcomes}
  join: {key: prediction_id, horizon: 30m}
metrics:
  - {name: accuracy, kind: proportion, on: outcome, field: correct, worse: lower, role: guardrail, margin: {absolute: 0.1}}
