title: shadow: a canary that fails on copies is rolled back before it has had a user

-- spec --
strategy: shadow
stages: [{weight: 0, bake: 10m}]

-- story --
0s          see advance started canary 0%
1m          canary error_type 15%
2m..5m      see rollback harm canary 0% "errors"
never       canary above 0%
6m          end
