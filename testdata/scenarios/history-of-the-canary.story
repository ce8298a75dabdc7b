title: a canary whose own feature jumps is named in the evidence, and the rollout goes on

-- spec --
drift:
  - {name: habits, of: [{field: features.country, categories: [de, fr]}], between: history, method: psi, above: 0.05}

-- story --
0s          both features.country de 60% fr 40%
0s          see advance started canary 20%
3m..5m      see advance stage_passed canary 50%
4m30s       see shown nothing
4m30s       canary features.country de 15% fr 85%
6m30s       see shown "habits/canary: canary moved against its own past: psi"
6m..9m      see promote promoted canary 95%
never       rollback
never       hold
9m          end
