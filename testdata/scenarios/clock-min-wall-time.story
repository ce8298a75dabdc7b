title: producers whose clocks run ahead cannot shorten the time in which people could look at a stage
# The watermark follows arrival, not what a producer says of itself.

-- spec --
stages: [{weight: 20, bake: 2m}, {weight: 50, bake: 20m}, {weight: 100, bake: 3m}]
policy: {minStep: 100%}
metrics:
  - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.05}}

-- story --
0s          traffic 40/s
0s          both clock +50s
0s          see advance started canary 20%
0s..2m      never stage_passed
2m..4m      see advance stage_passed canary 50%
10m         engine stops
21m         engine starts
5m..22m     never promote
22m..26m    see promote promoted canary 95%
26m         end
