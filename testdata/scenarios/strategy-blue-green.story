title: blue-green: an analysis at a small share, one switch, and stable warm until the bake is over

-- spec --
strategy: blueGreen
stages: [{weight: 20, bake: 3m}, {weight: 100, bake: 4m}]
holdBack: 0%

-- story --
0s          see advance started canary 20%
3m..6m      see promote promoted canary 100%
6m          see phase promoted
8m..12m     see promote completed canary 100%
12m         end
