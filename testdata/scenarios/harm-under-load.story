title: a canary that is harmless at 20 % and fails under load at 50 % is rolled back from there

-- story --
0s          see advance started canary 20%
3m..6m      see advance stage_passed canary 50%
5m          canary error_type 10%
5m..8m      see rollback harm canary 0% "errors"
10m         end
