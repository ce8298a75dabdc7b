title: when the scores of both arms move away from the baseline, the world has changed: hold, it is not the canary's fault

-- spec --
drift:
  - {name: world, of: prediction_score, between: reference, reference: scores.json, method: psi, above: 0.25, role: signal}

-- story --
0s          both prediction_score normal 0 1
0s          see advance started canary 20%
90s         both prediction_score normal 2 1
90s..6m     see hold world canary 20% "world"
never rollback
8m          operator ann resume "a sale has begun, and it is meant"
8m          see advance stage_passed canary 50%
8m..9m      see hold world canary 50% "world"
12m         end
