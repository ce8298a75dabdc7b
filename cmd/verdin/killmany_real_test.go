//go:build real

package main

const killRounds = 56
