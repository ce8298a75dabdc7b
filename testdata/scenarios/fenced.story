title: an engine that finds another one writing says nothing more

-- story --
0s          see advance started canary 20%
2m          nats fenced
3m..6m      see advance stage_passed canary 50%
6m          canary error_type 60%
6m..20m     never rollback
12m         see reason fenced
12m         end
