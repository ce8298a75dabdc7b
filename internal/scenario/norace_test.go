//go:build !race

package scenario

const stride = 1
