title: scores that move for a small part of the users are found there, though the whole is within its tolerance

-- spec --
segments: [{by: tags.country, values: {de: 85%, is: 15%}, role: guardrail}]
stages: [{weight: 30, bake: 8m}, {weight: 100, bake: 3m}]
drift:
  - {name: scores, of: prediction_score, between: arms, method: ks, above: 0.15, segments: true, role: guardrail}

-- story --
0s          both tags.country de 85% is 15%
0s          both prediction_score normal 0 1
0s          see advance started canary 30%
90s         canary prediction_score normal 1.5 1 where is
90s..8m     see rollback drift canary 0% "scores in tags.country=is drifted apart"
9m          end
