title: harm in one country is found, though the whole looks well

-- spec --
segments: [{by: tags.country, values: [de, is], role: guardrail}]
metrics:
  - {name: blank_de, kind: proportion, field: metrics.blank, worse: higher, role: guardrail, margin: {absolute: 0.02}}

-- story --
0s          both tags.country de 90% is 10%
0s          both metrics.blank 2%
0s          see advance started canary 20%
0s          canary metrics.blank 9%
0s..4m      see rollback harm canary 0% "blank_de"
5m          end
