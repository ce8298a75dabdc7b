package pump

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"verdin/internal/engine"
	"verdin/schemas"
)

// R4: what is decided does not depend on how many rows a chunk has, for one file
// and for several.
func TestTheSizeOfChunksChangesNothing(t *testing.T) {
	spec := parse(t, testSpec)
	_, lines := play(t, world(t, "good", 12*time.Minute))
	for _, n := range []int{1, 3} {
		want := replayed(t, replayOf(spec, 4096, split(lines, n)...))
		if strings.Count(want, "\n") < 4 {
			t.Fatalf("hardly anything was decided:\n%s", want)
		}
		for _, rows := range []int{1, 7, 64} {
			if got := replayed(t, replayOf(spec, rows, split(lines, n)...)); got != want {
				t.Errorf("%d files, %d rows a chunk: another log:\n%s\nwant\n%s", n, rows, got, want)
			}
		}
	}
}

// R4: a file that is split by partition gives the same verdicts: only where they
// stand in the files differs.
func TestSplittingAFileChangesNoVerdict(t *testing.T) {
	_, lines := play(t, world(t, "good", 12*time.Minute))
	spec := parse(t, testSpec)
	look := func(files ...[]string) (looks []string) {
		r := replayOf(spec, 64, files...)
		r.Each = func(o engine.Outcome) error {
			if v := o.Verdict; v != nil {
				v.Inputs, v.PrevDigest = nil, ""
				looks = append(looks, string(v.AppendJSON(nil)))
			}
			b, err := json.Marshal(o.Evidence)
			looks = append(looks, fmt.Sprintf("%d windows: %s", o.Windows, b))
			return err
		}
		if _, err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return looks
	}
	want := look(lines)
	for _, n := range []int{2, 5} {
		got := look(split(lines, n)...)
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Fatalf("%d files, look %d of %d:\n%s\nwant\n%s", n, i, len(want), got[min(i, len(got)-1)], want[i])
			}
		}
	}
}

// The recording of a closed loop gives the verdicts that the loop gave, byte for byte.
func TestAReplayOfASimulationGivesItsVerdicts(t *testing.T) {
	for _, name := range []string{"good", "errors", "no-traffic"} {
		sc := world(t, name, 14*time.Minute)
		want, lines := play(t, sc)
		r := replayOf(parse(t, testSpec), 64, lines)
		r.Logs[0].Topic = sc.Name
		if got := replayed(t, r); got != want {
			t.Errorf("%s: replay gives\n%s\nthe simulation gave\n%s", name, got, want)
		}
	}
}

// One cut per window end that the least watermark has reached, after the one that
// starts the rollout; its wall time is that end plus the lateness.
func TestCutsAreCanonical(t *testing.T) {
	spec := parse(t, testSpec)
	_, lines := play(t, world(t, "good", 12*time.Minute))
	r := replayOf(spec, 64, split(lines, 2)...)
	var dues []schemas.Time
	var verdicts []*schemas.Verdict
	r.Each = func(o engine.Outcome) error {
		dues = append(dues, r.next)
		if o.Verdict != nil {
			verdicts = append(verdicts, o.Verdict)
		}
		return nil
	}
	state, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	start := begin.Add(-5 * time.Second).Floor(10 * time.Second)
	if dues[0] != start.Add(10*time.Second) || dues[1] != dues[0] {
		t.Errorf("the first cuts are due %v and %v, want the start and the first window's end", dues[0], dues[1])
	}
	for i := 2; i < len(dues)-1; i++ {
		if dues[i] != dues[i-1].Add(10*time.Second) {
			t.Fatalf("cut %d is due %v after %v", i, dues[i], dues[i-1])
		}
	}
	if len(state.History) < 4 {
		t.Fatalf("%d steps: want a whole ramp", len(state.History))
	}
	for _, step := range state.History[1:] {
		v := verdicts[step.Sequence-1]
		if v.Sequence != step.Sequence || step.DecidedAt != v.Time.Add(5*time.Second) || v.Time%1e10 != 0 {
			t.Errorf("verdict %d is due %v and decided at %v", v.Sequence, v.Time, step.DecidedAt)
		}
	}
}

// A recording never applies a verdict: the window boundary after each step stands
// for the acknowledgement; the first step finds the split as it was recorded.
func TestEachStepIsAppliedAtTheNextWindowBoundary(t *testing.T) {
	_, lines := play(t, world(t, "good", 12*time.Minute))
	r := replayOf(parse(t, testSpec), 64, lines)
	state, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(state.History) < 4 {
		t.Fatalf("%d steps, want a whole ramp", len(state.History))
	}
	for i, step := range state.History[:len(state.History)-1] {
		want := step.DecidedAt
		if i > 0 {
			want = want.Floor(10 * time.Second).Add(10 * time.Second)
		}
		if step.AppliedAt != want {
			t.Errorf("step %d was decided at %v and applied at %v, want %v", i+1, step.DecidedAt, step.AppliedAt, want)
		}
	}
}

// A source that fails ends the replay with the verdicts so far and its own words; it
// is not taken for an end of the recording.
func TestAFailingSourceIsNoCleanEnd(t *testing.T) {
	spec := parse(t, testSpec)
	_, lines := play(t, world(t, "good", 12*time.Minute))
	whole := replayed(t, replayOf(spec, 64, lines))
	r := replayOf(spec, 64, lines[:len(lines)/2])
	r.Logs[0].Topic, r.Sources[0].(*file).err = "good", errDisk
	var log bytes.Buffer
	r.Each = logger(&log)
	r.Counts = func(engine.Counts) { t.Error("the rows are summed up though some are missing") }
	_, err := r.Run(t.Context())
	if !errors.Is(err, errDisk) {
		t.Errorf("error %v, want the source's", err)
	}
	if log.Len() == 0 || !strings.HasPrefix(whole, log.String()) {
		t.Errorf("the log is no beginning of the whole one:\n%s", log.String())
	}
}

func TestARecordingWithoutEventsIsAnError(t *testing.T) {
	spec := parse(t, testSpec)
	for name, lines := range map[string][]string{"empty": nil, "without a single event": {"{}\n", "what?\n"}} {
		_, err := replayOf(spec, 64, lines, nil).Run(t.Context())
		if !errors.Is(err, ErrEmpty) {
			t.Errorf("%s: %v, want ErrEmpty", name, err)
		}
	}
}

func TestAListenerThatFailsEndsTheReplay(t *testing.T) {
	r := replayOf(parse(t, testSpec), 64, minutes(1, begin))
	r.Each = func(engine.Outcome) error { return errDisk }
	if _, err := r.Run(t.Context()); !errors.Is(err, errDisk) {
		t.Errorf("error %v, want the listener's", err)
	}
}

// minutes are lines of both arms, one a second.
func minutes(n int, from schemas.Time) (lines []string) {
	for i := range n * 60 {
		at := from.Add(time.Duration(i) * time.Second)
		lines = append(lines, string(answer(fmt.Sprint(at), []string{"stable", "canary"}[i%2], at).AppendLine(nil)))
	}
	return lines
}

// A hole of a day in event time is a day without data: windows are cut one by one,
// the hold is published once, and traffic that comes back is judged.
func TestAGapInEventTimeIsADayWithoutData(t *testing.T) {
	later := begin.Add(24 * time.Hour)
	r := replayOf(parse(t, testSpec), 64, append(minutes(2, begin), minutes(2, later)...))
	cuts, windows := 0, 0
	var reasons []string
	r.Each = func(o engine.Outcome) error {
		cuts++
		if windows += o.Windows; o.Windows > 2 {
			t.Errorf("one cut judges %d windows, want at most one of each lane", o.Windows)
		}
		if o.Verdict != nil {
			reasons = append(reasons, o.Verdict.Reason.Code)
		}
		return nil
	}
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cuts < 24*360 || cuts > 24*360+40 {
		t.Errorf("%d cuts for a day of windows", cuts)
	}
	if windows != 2*24 {
		t.Errorf("%d windows with rows, want 12 minutes' of both lanes", windows)
	}
	if got := strings.Join(reasons, " "); !strings.HasPrefix(got, "started") || strings.Count(got, "no_data") != 1 {
		t.Errorf("reasons %q, want one hold for want of data", got)
	}
}

// A leap of a century keeps the loop busy for long, but not beyond its context.
func TestTheContextEndsALeapInTime(t *testing.T) {
	r := replayOf(parse(t, testSpec), 64, append(minutes(1, begin), minutes(1, begin.Add(100*365*24*time.Hour))...))
	ctx, stop := context.WithCancel(t.Context())
	cuts := 0
	r.Each = func(engine.Outcome) error {
		if cuts++; cuts == 100 {
			stop()
		}
		return nil
	}
	if _, err := r.Run(ctx); !errors.Is(err, context.Canceled) || cuts != 100 {
		t.Errorf("%v after %d cuts, want an end at cut 100", err, cuts)
	}
}

// A log that ends early does not hold the others up, and nothing of it is lost.
func TestALogThatEndsEarlyHoldsNobodyUp(t *testing.T) {
	spec := parse(t, testSpec)
	short, long := minutes(1, begin), minutes(4, begin)
	for _, files := range [][][]string{{short, long}, {long, short}, {long, short, nil}} {
		r := replayOf(spec, 64, files...)
		rows, windows, last := int64(0), 0, schemas.Time(0)
		r.Each = func(o engine.Outcome) error {
			if windows += o.Windows; o.Windows > 2 {
				t.Errorf("one cut judges %d windows, want at most one of each lane", o.Windows)
			}
			last = r.next
			return nil
		}
		r.Counts = func(c engine.Counts) { rows = int64(c.Counted) }
		if _, err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rows != 300 || windows != 2*24 || last < begin.Add(4*time.Minute) {
			t.Errorf("%d rows in %d windows up to %v, want all of both files", rows, windows, last)
		}
	}
}

// Event times may begin at the epoch: a rollout that starts there hears of the ends
// of its logs like any other.
func TestARecordingMayBeginAtTheEpoch(t *testing.T) {
	for _, first := range []schemas.Time{0, 5e9, 10e9, 15e9} {
		r := replayOf(parse(t, testSpec), 64, minutes(2, first))
		windows := 0
		r.Each = func(o engine.Outcome) error { windows += o.Windows; return nil }
		if _, err := r.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := 2 * int((first.Add(2*time.Minute-1).Floor(10*time.Second)-first.Floor(10*time.Second))/1e10+1); windows != want {
			t.Errorf("from %v: %d windows, want %d", first, windows, want)
		}
	}
}
