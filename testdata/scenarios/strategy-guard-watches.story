title: a guard watches a split that is already there, and never moves it while nothing is wrong

-- spec --
strategy: guard
stages: [{weight: 30, bake: 24h}]

-- story --
0s          see advance started canary 30%
0s          routers unmarked
never       stage_passed
never       canary above 30%
20m         see phase running
20m         end
