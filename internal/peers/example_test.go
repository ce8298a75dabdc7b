package peers_test

import (
	"fmt"

	"verdin/internal/peers"
)

// No errors in the stable arm and three in the canary: the rule gives up and says p = 1.
func ExampleGrowthBook_Test() {
	rule := peers.GrowthBook{Alpha: 0.05, Tuning: 5000, Relative: true}
	r := rule.Test(peers.Proportion(900, 0), peers.Proportion(100, 3))
	fmt.Println(r.P, r.GaveUp)
	// Output: 1 true
}
