//go:build race

package story

// raceDetector tells that each event costs ten times as much.
const raceDetector = true
