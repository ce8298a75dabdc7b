package router_test

import (
	"fmt"

	"github.com/nats-io/nkeys"

	"verdin/publish/router"
)

// A router serves stable until Run, given a NATS connection, brings verdicts.
func ExampleRouter() {
	key, _ := nkeys.CreateUser() // in earnest: the public key that the engine prints
	trusted, _ := key.PublicKey()
	r, err := router.New(router.Config{ID: "edge-1", Rollouts: []string{"prod/recsys"}, Trusted: []string{trusted}})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := r.Choose("prod/recsys", "request-17")
	fmt.Println(c.Arm, c.Generation, c.Stage)
	// Output: stable 0 -1
}
