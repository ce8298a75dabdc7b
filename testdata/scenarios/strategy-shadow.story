title: shadow: a canary that answers copies as well as stable is shown safe without a user having seen it

-- spec --
strategy: shadow
stages: [{weight: 0, bake: 3m}]

-- story --
0s          see advance started canary 0%
3m..9m      see promote completed canary 0%
never       canary above 0%
12m         end
