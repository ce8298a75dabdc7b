title: scores that shift are found before any label comes

-- spec --
drift:
  - {name: scores, of: prediction_score, between: arms, method: ks, above: 0.15, role: guardrail}

-- story --
0s          both prediction_score normal 0 1
0s          see advance started canary 20%
90s         canary prediction_score normal 1 1
90s..6m     see rollback drift canary 0% "scores"
8m          end
