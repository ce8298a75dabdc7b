package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
)

// The order of judgement is (due, lane, end, origin), however partials arrive: the
// label lane is due 20 s after the window's end.
func TestWindowsAreJudgedByDueTimeAndLane(t *testing.T) {
	var all []window.Partial
	for i := range 5 {
		after, end := float64(10*i), float64(10*i+10)
		all = append(all, fast(0, after, end, 1, 0), fast(1, after, end, 1, 0), labelled(after, end, 1))
	}
	want := []int{10, 20, 30, -10, 40, -20, 50, -30, -40, -50}
	for seed := range uint64(20) {
		b := newBench(t)
		in := slices.Clone(all)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(in), func(i, k int) { in[i], in[k] = in[k], in[i] })
		if eff := b.cut(100, schemas.Never, in...); eff.Windows != 10 {
			t.Errorf("seed %d: %d windows, want 10", seed, eff.Windows)
		}
		if got := b.ends(); !slices.Equal(got, want) {
			t.Fatalf("seed %d: judged %v, want %v", seed, got, want)
		}
	}
}

// What lies ahead of the cut waits, though its partials are there already.
func TestWindowsDueLaterThanTheCutWait(t *testing.T) {
	b := newBench(t)
	var all []window.Partial
	for i := range 5 {
		after, end := float64(10*i), float64(10*i+10)
		all = append(all, fast(0, after, end, 1, 0), fast(1, after, end, 1, 0), labelled(after, end, 1))
	}
	b.cut(40, second(30), all...)
	if got, want := b.ends(), []int{10, 20, 30, -10}; !slices.Equal(got, want) {
		t.Fatalf("up to 30 s: judged %v, want %v", got, want)
	}
	if b.health.Mark != second(30) {
		t.Errorf("judged up to %v, want 30 s", b.health.Mark)
	}
	b.cut(50, second(39.999))
	if got := b.ends(); len(got) != 4 {
		t.Errorf("nothing is due before 40 s: %v", got)
	}
	b.cut(60, schemas.Never)
	if got, want := b.ends(), []int{10, 20, 30, -10, 40, -20, 50, -30, -40, -50}; !slices.Equal(got, want) {
		t.Errorf("in all: judged %v, want %v", got, want)
	}
}

// A window of the fast lane is final when every log of predictions has sealed it;
// logs of outcomes are not waited for. The label lane waits for its shards.
func TestAWindowIsFinalWhenItsLastLogHasSealedIt(t *testing.T) {
	b := newBench(t)
	b.cut(40, schemas.Never, fast(0, 0, 10, 1, 0), fast(0, 10, 40, 1, 0))
	if len(b.blocks) != 0 {
		t.Fatalf("judged %v before the second log spoke", b.ends())
	}
	b.cut(41, schemas.Never, fast(1, 0, 10, 3, 0))
	if got := b.ends(); !slices.Equal(got, []int{10}) || b.blocks[0].Stable.N != 4 || b.blocks[0].Canary.N != 2 {
		t.Fatalf("judged %v, want the window to 10 s with 4 and 2 rows", got)
	}
	b.cut(42, schemas.Never, fast(1, 10, 50, -1, 0), labelled(0, 10, 1))
	if got := b.ends(); !slices.Equal(got, []int{10, -10, 40}) {
		t.Errorf("judged %v", got)
	}
	if b.health.Mark != second(40) {
		t.Errorf("judged up to %v, want 40 s", b.health.Mark)
	}
}

// inputs[] end after the record that sealed the last window used, not where reading
// stands.
func TestInputsEndWhereTheLastUsedWindowWasSealed(t *testing.T) {
	b := newBench(t)
	to := func() (out []int64) {
		for _, in := range b.inputs() {
			if in.From != 100 {
				t.Errorf("from %d, want 100", in.From)
			}
			out = append(out, in.To)
		}
		return out
	}
	if got := to(); !slices.Equal(got, []int64{100, 100, 100}) {
		t.Fatalf("before any window: %v", got)
	}
	b.cut(40, schemas.Never,
		fast(0, 0, 10, 1, 110), fast(0, 10, 20, 1, 120), fast(0, 20, 30, 1, 130),
		fast(1, 0, 10, 1, 207), fast(1, 10, 20, 1, 207), fast(2, 0, 10, -1, 309))
	if got, want := to(), []int64{120, 207, 309}; !slices.Equal(got, want) {
		t.Errorf("used up to 20 s: offsets %v, want %v", got, want)
	}
	b.cut(50, schemas.Never, fast(1, 20, 60, -1, 260), fast(2, 10, 60, -1, 360))
	if got, want := to(), []int64{130, 207, 309}; !slices.Equal(got, want) {
		t.Errorf("used up to 30 s, which log 1 sealed on its way to 60 s: offsets %v, want %v", got, want)
	}
}

// A gap of one log makes the window incomplete for all, and every window that the
// log jumped over.
func TestAHoleInOneLogIsAHoleInTheWindow(t *testing.T) {
	b := newBench(t)
	gap := fast(1, 10, 40, -1, 0)
	gap.Gap = true
	b.cut(60, schemas.Never,
		fast(0, 0, 10, 1, 0), fast(0, 10, 20, 1, 0), fast(0, 20, 30, 1, 0), fast(0, 30, 40, 1, 0), fast(0, 40, 50, 1, 0),
		fast(1, 0, 10, 1, 0), gap, fast(1, 40, 50, 1, 0))
	for _, got := range b.blocks {
		hole := got.Start >= second(10) && got.End <= second(40)
		if got.Gap != hole || got.Clean == hole {
			t.Errorf("window to %v: gap %v, clean %v", got.End, got.Gap, got.Clean)
		}
	}
	if b.Judge.stage.Bake != 20*time.Second || b.Judge.stage.Samples != [2]int64{4, 4} || b.health.Incomplete != 3 {
		t.Errorf("bake %v, samples %v, incomplete %d: want the two complete windows, and three that are not",
			b.Judge.stage.Bake, b.Judge.stage.Samples, b.health.Incomplete)
	}
	if len(b.holes[window.Fast]) != 0 {
		t.Errorf("holes %v are remembered for ever", b.holes[window.Fast])
	}
}

// Rows of another generation are no evidence and no samples; rows that were served
// under another stage are evidence of harm alone.
func TestRowsOfAnotherSplitDoNotSpeakForThisOne(t *testing.T) {
	b := newBench(t)
	p := fast(0, 0, 10, -1, 0)
	p.Cells = []window.Cell{cell(0, -1, 10), cell(1, 0, 20), cell(1, 2, 40), cell(7, 0, 80)}
	b.cut(20, schemas.Never, p, fast(1, 0, 10, -1, 0))
	if len(b.blocks) != 3 {
		t.Fatalf("%d blocks, want those of no and of this generation", len(b.blocks))
	}
	for i, want := range []struct {
		stage int
		clean bool
		share float64
	}{{0, true, 0.1}, {0, true, 0.1}, {2, false, 0.95}} {
		if got := b.blocks[i]; got.Stage != want.stage || got.Clean != want.clean || got.Share != want.share {
			t.Errorf("block %d: stage %d, clean %v, share %v; want %+v", i, got.Stage, got.Clean, got.Share, want)
		}
	}
	if got := b.Judge.stage.Samples; got != [2]int64{30, 2} {
		t.Errorf("samples %v, want those of this stage", got)
	}
	if got := b.health.Seen; got != [2]int64{150, 4} {
		t.Errorf("seen %v, want all rows: silence is silence", got)
	}
}

// In a recording generations are those of its own time, and a split is declared only
// by the events or by the spec.
func TestARecordingIsJudgedByTheSplitThatItShows(t *testing.T) {
	b := newBench(t)
	p := fast(0, 0, 10, -1, 0)
	p.Cells = []window.Cell{cell(0, -1, 10), cell(7, 1, 20)}
	b.Step(JudgeInput{Cut: decision.Cut{Wall: second(20), Foreign: true}, Upto: schemas.Never,
		Partials: []window.Partial{p, fast(1, 0, 10, -1, 0)}})
	if len(b.blocks) != 2 {
		t.Fatalf("%d blocks, want two: none is of another generation", len(b.blocks))
	}
	if b.blocks[0].Share != 0 || b.blocks[1].Share != 0.5 {
		t.Errorf("shares %v and %v, want none declared, and that of the stage shown", b.blocks[0].Share, b.blocks[1].Share)
	}
}

// Windows that overlap the time from a decision to its acknowledgement are not clean.
func TestWindowsOfAChangingSplitAreNotClean(t *testing.T) {
	b := newBench(t)
	b.state.History[0].AppliedAt = second(12)
	var all []window.Partial
	for i := range 4 {
		all = append(all, fast(0, float64(10*i), float64(10*i+10), 1, 0), fast(1, float64(10*i), float64(10*i+10), 1, 0))
	}
	b.cut(60, schemas.Never, all...)
	for _, got := range b.blocks {
		if want := got.Start >= second(20); got.Clean != want {
			t.Errorf("window from %v: clean %v, want %v", got.Start, got.Clean, want)
		}
	}
	if b.Judge.stage.Bake != 2*length {
		t.Errorf("bake %v, want two windows", b.Judge.stage.Bake)
	}
}

// Late rows and silence are accounted per arm.
func TestHealthIsAccountedPerArm(t *testing.T) {
	b := newBench(t)
	stableOnly := fast(0, 10, 20, -1, 0)
	stableOnly.Cells = []window.Cell{{Stage: -1, Arms: [2]window.Arm{{N: 7}, {}}}}
	stableOnly.Late = [2]uint64{2, 1}
	b.cut(30, schemas.Never, fast(0, 0, 10, 3, 0), fast(1, 0, 10, -1, 0), stableOnly, fast(1, 10, 20, -1, 0))
	h := b.health
	if h.Late != [2]int64{2, 1} || h.Seen != [2]int64{12, 2} {
		t.Errorf("late %v of %v", h.Late, h.Seen)
	}
	if h.LastArm != [2]schemas.Time{second(20), second(10)} || h.StableSinceCanary != 7 || h.CanarySinceStable != 0 {
		t.Errorf("last heard %v, %d stable events since the canary's last", h.LastArm, h.StableSinceCanary)
	}
}
