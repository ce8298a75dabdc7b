title: arms that stay what they were show nothing beside their own past, at any weight of the canary

-- spec --
drift:
  - {name: habits, of: [{field: features.country, categories: [de, fr]}, prediction_score], between: history, method: psi, above: 0.05}

-- story --
0s          both features.country de 60% fr 40%
0s          canary features.country de 30% fr 70%
0s          both prediction_score normal 0 1
0s          see advance started canary 20%
3m..5m      see advance stage_passed canary 50%
6m..9m      see promote promoted canary 95%
9m..15m     see promote completed
15m         see shown nothing
15m         end
