title: a canary that speaks again after a silence is not trusted again: requests are missing, nobody knows which
# A canary that crashes and comes back would look good in what it did answer.

-- story --
0s          see advance started canary 20%
2m          canary silent
2m..3m      see hold canary_silent canary 20%
6m          canary speaks
6m..7m      see hold assignment canary 20%
never       rollback
never       stage_passed
12m         end
