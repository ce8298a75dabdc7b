package pump

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"verdin/internal/engine"
	"verdin/schemas"
)

// damaged is a source whose n-th chunk lacks a column, which no decoder makes and no
// check of the engine expects.
type damaged struct {
	Source
	n int
}

func (d *damaged) Next(ctx context.Context) (*schemas.Chunk, error) {
	c, err := d.Source.Next(ctx)
	if d.n--; d.n == 0 {
		c.TS = nil
	}
	return c, err
}

// A replay whose engine panics at rows ends with an error that names them and the line of
// code; what was decided before has been told.
func TestAReplayEndsWithTheRowsOfAnInternalError(t *testing.T) {
	_, lines := play(t, world(t, "good", 6*time.Minute))
	r := replayOf(parse(t, testSpec), 64, split(lines, 2)...)
	r.Logs[1].Topic = "monday"
	r.Sources[1] = &damaged{Source: r.Sources[1], n: 3}
	var log bytes.Buffer
	r.Each = logger(&log)
	_, err := r.Run(t.Context())
	if !errors.Is(err, ErrInternal) {
		t.Fatalf("ended with %v", err)
	}
	for _, want := range []string{"in monday, partition 1, at offset 128 to 191: ", "index out of range", "in verdin/internal/engine.", ".go:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not tell %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "goroutine") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a trace of the stack: %q", err)
	}
	if !strings.Contains(log.String(), `"started"`) {
		t.Errorf("the verdicts before it: %q", log.String())
	}
}

// At a cut the error names the cut's windows and the row that would have come next; at the
// end of the recording, that.
func TestAReplayEndsWithTheCutOfAnInternalError(t *testing.T) {
	_, lines := play(t, world(t, "good", 6*time.Minute))
	for cut, want := range map[int]string{
		1:  "in good, partition 0, before offset 0, at the cut of the windows up to 2026-01-05T09:00:",
		10: ", at the cut of the windows up to 2026-01-05T09:01:",
		40: "in good, partition 0, at its end, at the cut of the windows up to 2026-01-05T09:06:",
	} {
		r := replayOf(parse(t, testSpec), 64, lines)
		cuts := 0
		r.Each = func(engine.Outcome) error {
			if cuts++; cuts == cut {
				panic("a fault of ours")
			}
			return nil
		}
		if _, err := r.Run(t.Context()); !errors.Is(err, ErrInternal) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a fault of ours") {
			t.Errorf("cut %d: %v, want %q", cut, err, want)
		}
	}
}
