title: records that the log no longer holds count for nothing, and the rollout goes on with the next

-- story --
0s          see advance started canary 20%
1m          broker down
2m          broker loses unread
2m          broker up
2m..3m      see hold history_lost canary 20%
2m30s..4m   see advance resumed canary 20%
4m..8m      see advance stage_passed canary 50%
8m          end
