title: arms that do not see the same inputs cannot be compared: hold, it is not the canary's fault

-- spec --
drift:
  - {name: inputs, of: [{field: features.country, categories: [de, fr]}], between: arms, method: psi, above: 0.1, role: signal}

-- story --
0s          both features.country de 60% fr 40%
0s          see advance started canary 20%
0s          canary features.country de 15% fr 85%
30s..4m     see hold validity canary 20% "inputs"
never       rollback
10m         see held validity
10m         end
