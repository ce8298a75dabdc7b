title: old news may stop a canary: harm found in a backlog is answered at once

-- story --
0s          see advance started canary 20%
2m          engine stops
2m          canary error_type 40%
12m         engine starts
12m..13m    see rollback harm canary 0% "errors"
14m         end
