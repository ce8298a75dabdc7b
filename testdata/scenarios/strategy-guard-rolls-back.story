title: a guard takes the canary back when harm is shown

-- spec --
strategy: guard
stages: [{weight: 30, bake: 24h}]

-- story --
0s          see advance started canary 30%
5m          canary error_type 12%
5m..20m     see rollback harm canary 0% "errors"
20m         end
