title: while no window can be judged nothing goes forward; what gathered meanwhile finishes one stage
# The broker cannot be reached. No record comes, and nobody can tell why.

-- story --
0s          see advance started canary 20%
3m          broker down
4m..6m      see hold no_data canary 20%
3m..20m     never stage_passed
19m         see canary 20%
20m         broker up
20m..21m    see advance stage_passed canary 50%
20m..23m    never promote
23m..26m    see promote promoted canary 95%
26m         end
