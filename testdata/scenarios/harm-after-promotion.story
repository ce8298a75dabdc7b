title: harm that begins after promotion is found against the share of stable that is held back

-- spec --
stages: [{weight: 20, bake: 3m}, {weight: 50, bake: 3m}, {weight: 100, bake: 30m}]

-- story --
0s          see advance started canary 20%
3m..6m      see advance stage_passed canary 50%
6m..10m     see promote promoted canary 95%
20m         canary error_type 15%
20m..30m    see rollback harm canary 0% "errors"
30m         end
