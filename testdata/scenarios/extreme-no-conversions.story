title: a canary that never converts is found although zero events tell of it
# The label "converted" comes for buyers only: no event is the news.

-- spec --
metrics:
  - {name: conversion, kind: proportion, on: outcome, field: converted, missing: negative, worse: lower, role: guardrail, margin: {absolute: 0.03}, mode: gate}

-- story --
0s   both outcome.correct none
0s   both outcome.converted 10%
0s   see advance started canary 20%
0s   canary outcome.converted 0%
1m..4m see rollback harm canary 0% "conversion"
8m   end
