title: a guard finds harm that begins after a good hour within minutes

-- spec --
strategy: guard
stages: [{weight: 30, bake: 24h}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.02}}

-- story --
0s          see advance started canary 30%
60m         canary error_type 12%
60m..63m    see rollback harm canary 0% "errors"
64m         end
