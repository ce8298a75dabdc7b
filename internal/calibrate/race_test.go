//go:build race

package calibrate

// stride thins the splits: the detector looks at the workers, not at the rate of alarms.
const stride = 5
