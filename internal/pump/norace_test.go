//go:build !race

package pump

const stride = 1
