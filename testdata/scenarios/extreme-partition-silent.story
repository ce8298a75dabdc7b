title: a partition that falls silent holds nothing up for longer than a minute

-- spec --
stages: [{weight: 20, bake: 3m}, {weight: 50, bake: 3m}, {weight: 100, bake: 10m}]

-- story --
0s       traffic 40/s
0s       see advance started canary 20%
90s      partition 1 silent
2m30s    see canary 20%
4m..6m   see advance stage_passed canary 50%
8m..11m  see promote promoted canary 95%
13m      end
