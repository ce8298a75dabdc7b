//go:build race

package main

const raceDetector = true // everything takes some ten times as long
