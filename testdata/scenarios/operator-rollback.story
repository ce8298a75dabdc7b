title: an operator's rollback is obeyed at once, with the name and the reason in the verdict

-- story --
0s          see advance started canary 20%
2m          operator ann rollback "customers complain"
2m..2m10s   see rollback command canary 0% "ann ordered rollback: customers complain"
6m          see phase rolled_back
6m          end
