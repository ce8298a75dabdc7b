title: a changed spec begins another generation: evidence starts anew, and the weight with it

-- story --
0s          traffic 40/s
0s          see advance started canary 20%
3m..6m      see advance stage_passed canary 50%
6m          engine supersedes
6m..6m10s   see hold superseded canary 50%
6m30s       engine stops
6m35s       engine starts
6m30s..7m   see advance started canary 20%
7m..9m      never stage_passed
9m..12m     see advance stage_passed canary 50%
12m         end
