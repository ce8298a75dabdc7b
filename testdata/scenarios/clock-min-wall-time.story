title: a backlog that is read fast is no time in which anybody could have looked at a stage

-- spec --
stages: [{weight: 20, bake: 2m}, {weight: 50, bake: 20m}, {weight: 100, bake: 3m}]
policy: {minStep: 100%}

-- story --
0s          see advance started canary 20%
2m..5m      see advance stage_passed canary 50%
10m         engine stops
21m         engine starts
5m..22m     never promote
22m..26m    see promote promoted canary 95%
26m         end
