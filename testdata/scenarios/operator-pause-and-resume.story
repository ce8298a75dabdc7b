title: a paused rollout stays where it is until somebody resumes it

-- story --
0s          see advance started canary 20%
1m          operator ann pause "wait for the release notes"
1m..1m10s   see hold paused canary 20%
9m          see phase paused
10m         operator bob resume
10m..11m    see advance stage_passed canary 50%
0s..10m     never stage_passed
11m         end
