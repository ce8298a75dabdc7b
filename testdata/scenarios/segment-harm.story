title: harm to a small part of the users is found, though the whole is within its margin

-- spec --
segments: [{by: tags.country, values: [de, is], role: guardrail}]
stages: [{weight: 30, bake: 8m}, {weight: 100, bake: 3m}]
metrics:
  - {name: blank, kind: proportion, field: metrics.blank, worse: higher, role: guardrail, margin: {absolute: 0.05}}

-- story --
0s          both tags.country de 80% is 20%
0s          both metrics.blank 2%
0s          see advance started canary 30%
0s          canary metrics.blank 20% where is
1m..8m      see rollback harm canary 0% "blank in tags.country=is"
9m          end
