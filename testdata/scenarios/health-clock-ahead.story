title: a canary whose clock is a day ahead is put aside, and moves no watermark

-- story --
0s          see advance started canary 20%
90s         canary clock +24h
90s..3m     see hold canary_silent canary 20%
never       no_data
never       lag
11m..13m    see rollback canary_silent canary 0%
14m         end
