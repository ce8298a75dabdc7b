title: canary, then switch: a short ramp, then all traffic at once

-- spec --
strategy: blueGreen
stages: [{weight: 10, bake: 2m}, {weight: 30, bake: 2m}, {weight: 100, bake: 3m}]
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.06}}

-- story --
0s          see advance started canary 10%
2m..6m      see advance stage_passed canary 30%
4m..9m      see promote promoted canary 100%
7m..13m     see promote completed canary 100%
13m         end
