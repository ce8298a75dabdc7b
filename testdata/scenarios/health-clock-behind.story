title: a canary whose clock is an hour behind is as good as silent
# Its events are late against their own partition, and count for nothing.

-- story --
0s          see advance started canary 20%
2m          canary clock -1h
2m..3m      see hold canary_silent canary 20%
12m..13m    see rollback canary_silent canary 0%
14m         end
