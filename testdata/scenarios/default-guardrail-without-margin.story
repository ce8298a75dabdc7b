title: a guardrail that does not say how much harm is too much is refused
refused: margin

-- spec --
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail}
