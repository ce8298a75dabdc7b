title: a canary that fails every request is rolled back by the first windows

-- story --
0s   see advance started canary 20%
0s   canary error_type 100%
0s..40s see rollback harm canary 0% "errors" within 160 canary events
never canary above 20%
6m   see phase rolled_back
6m   end
