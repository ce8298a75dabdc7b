title: a step forward that nobody could hear in time never happened, and is decided again

-- spec --
publish: {lease: 2m}

-- story --
0s          see advance started canary 20%
3m          nats down
3m..6m      see advance stage_passed canary 50%
9m..10m     see hold unapplied canary 50%
10m         nats up
10m..11m    never stage_passed
11m..14m    see advance stage_passed canary 50%
15m         end
