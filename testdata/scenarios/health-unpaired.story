title: shadow: copies that get no answer are counted, and their absence is no safety

-- spec --
strategy: shadow
stages: [{weight: 0, bake: 10m}]

-- story --
0s          see advance started canary 0%
0s          canary loses 4%
1m..8m      see hold unpaired canary 0%
never       completed
14m         end
