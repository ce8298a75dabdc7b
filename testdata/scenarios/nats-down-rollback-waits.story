title: a rollback that nobody could hear is still good when the wire is back

-- spec --
publish: {lease: 2m}

-- story --
0s          see advance started canary 20%
1m          nats down
1m          canary error_type 30%
1m..3m      see rollback harm canary 0% "errors"
8m          nats up
10m         see phase rolled_back
10m         end
