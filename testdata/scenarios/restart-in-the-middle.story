title: an engine that is stopped and started again goes on as if nothing had been

-- story --
0s          see advance started canary 20%
2m          engine stops
2m30s       engine starts
4m..6m      see advance stage_passed canary 50%
7m          engine stops
7m30s       engine starts
8m..12m     see promote promoted canary 95%
12m         end
