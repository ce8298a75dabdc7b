//go:build !race

package engine

const Stride = 1
