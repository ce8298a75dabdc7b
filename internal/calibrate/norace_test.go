//go:build !race

package calibrate

const stride = 1
