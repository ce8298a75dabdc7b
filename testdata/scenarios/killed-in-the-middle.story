title: an engine that is killed loses nothing that was said, and says nothing twice

-- story --
0s          see advance started canary 20%
2m          engine dies
3m          engine starts
4m..6m      see advance stage_passed canary 50%
5m          canary error_type 20%
5m5s        engine dies
6m5s        engine starts
6m..8m      see rollback harm canary 0% "errors"
8m          end
