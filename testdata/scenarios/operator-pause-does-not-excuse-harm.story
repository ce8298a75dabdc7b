title: a pause keeps a rollout from going forward, not from going back

-- story --
0s          see advance started canary 20%
1m          operator ann pause
1m..1m10s   see hold paused canary 20%
2m          canary error_type 30%
2m..4m      see rollback harm canary 0% "errors"
5m          end
