package calibrate_test

import (
	"fmt"

	"verdin/internal/calibrate"
)

// Five alarms in a hundred harmless splits say less than it seems.
func ExampleNewRate() {
	r := calibrate.NewRate(5, 100)
	fmt.Printf("%.1f %%, between %.1f and %.1f %%\n", 100*r.Share, 100*r.Low, 100*r.High)
	// Output: 5.0 %, between 1.6 and 11.3 %
}

// A spec may leave it to history which features there are.
func ExampleExpand() {
	spec, err := calibrate.Expand([]byte("of: features.*"), []string{"features.age", "features.country"})
	fmt.Println(string(spec), err)
	// Output: of: ["features.age", "features.country"] <nil>
}
