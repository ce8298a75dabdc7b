title: where the policy says hold, harm stops the ramp and leaves the traffic to people

-- spec --
policy: {onGuardrail: hold}

-- story --
0s          see advance started canary 20%
1m          canary error_type 30%
1m..3m      see hold harm canary 20% "errors"
never       stage_passed
never       rollback
10m         see held harm
10m         end
