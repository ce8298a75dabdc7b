package pump

import (
	"errors"
	"testing"

	"verdin/ingest/kafka"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// A recording may lack what the rollout lacked, and nothing more: a gap that the
// journal knows of is passed over, one that is wider is an error.
func TestATranscriptLacksOnlyWhatTheRolloutLacked(t *testing.T) {
	script := Script{Activation: &journal.Activation{Logs: []journal.Log{{Topic: "p", Kinds: 1, Next: 10}}},
		Cuts: []*journal.Cut{{Seq: 1, Next: []int64{30}, Losses: []journal.Loss{{Log: 0, At: 10, From: 15, Before: 20}}}}}
	for _, c := range []struct {
		from, to int64
		known    bool
	}{{15, 20, true}, {16, 19, true}, {12, 18, false}, {14, 20, false}, {15, 21, false}, {21, 22, false}, {30, 40, true}} {
		tr := &Transcript{Script: script, Layout: &schemas.Layout{}, Write: func(int, []byte) error { return nil }}
		in := make(chan *kafka.Records, 1)
		in <- &kafka.Records{Topic: "p", First: 10, Next: 40, Gaps: []kafka.Gap{{From: c.from, To: c.to, Reason: kafka.GapMissing}}}
		if err := tr.Run(t.Context(), in); (err == nil) != c.known || err != nil && !errors.Is(err, ErrHistory) {
			t.Errorf("offsets %d to %d: %v", c.from, c.to, err)
		}
	}
}
