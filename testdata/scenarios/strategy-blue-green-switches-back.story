title: blue-green: what breaks only under full load is switched back at once, by a limit that needs no baseline

-- spec --
strategy: blueGreen
stages: [{weight: 20, bake: 3m}, {weight: 100, bake: 10m}]
holdBack: 0%
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.03}, limit: 0.05}

-- story --
0s          see advance started canary 20%
3m..6m      see promote promoted canary 100%
7m          canary error_type 20%
7m..9m      see rollback limit_exceeded canary 0% "errors is beyond its limit on the canary alone"
10m         end
