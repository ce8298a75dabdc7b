title: an abort ends a rollout that was a mistake of its operator's

-- story --
0s          see advance started canary 20%
2m          operator ann abort "wrong version"
2m..2m10s   see rollback command canary 0%
6m          see phase aborted
6m          end
