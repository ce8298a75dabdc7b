title: a source that is out for a minute costs a minute, and nothing else

-- story --
0s          see advance started canary 20%
2m          broker down
3m          broker up
4m20s..6m   see advance stage_passed canary 50%
never       rollback
7m          end
