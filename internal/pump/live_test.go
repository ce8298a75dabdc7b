package pump

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"verdin/decision"
	"verdin/schemas"
)

// A tick of a logical clock cuts when the pump has read what the tick names, not before.
func TestATickWaitsForItsOffsets(t *testing.T) {
	inBubble(t, testSpec, 2, func(t *testing.T, r *rig) {
		done := r.tick(0, func(tick *Tick) { tick.Until = [][]int64{{2}, {1}} })
		r.put(0, served("stable", 1))
		r.put(1, served("stable", 1))
		if over(done) || len(r.cuts) != 0 {
			t.Fatal("cut before shard 0 had read two records")
		}
		r.put(0, served("canary", 2))
		if !over(done) || len(r.cuts) != 1 || len(r.verdicts) != 1 {
			t.Fatalf("done %v, %d cuts, %d verdicts: want the rollout started", over(done), len(r.cuts), len(r.verdicts))
		}
	})
}

// A lazy tick cuts when a window was sealed or somebody has spoken; else once a second.
func TestLazyTicksCutOnNewsOrAfterASecond(t *testing.T) {
	inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
		ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
		n := 0
		look := func(at int, news bool, why string) {
			t.Helper()
			done := r.tick(ms(at), lazy)
			if news {
				n++
			}
			if len(r.cuts) != n || !over(done) {
				t.Fatalf("%s, at %d ms: %d cuts, want %d", why, at, len(r.cuts), n)
			}
		}
		look(0, true, "the first look")
		look(100, false, "nothing new")
		look(999, false, "nothing new")
		look(1000, true, "a second has passed")
		r.put(0, served("stable", time.Second))
		look(1100, false, "rows that seal nothing")
		r.put(0, served("stable", 16*time.Second))
		look(1200, true, "a window was sealed")
		send(r.acks, Ack{Router: "a", Generation: 1, Sequence: 1, At: begin})
		look(1300, true, "a verdict was applied")
		look(1400, false, "nothing new")
		send(r.results, decision.PublishResult{Generation: 1, Sequence: 1, Result: "acked"})
		look(1500, true, "a verdict was published")
		send(r.orders, decision.Command{Verb: "pause", Actor: "ann"})
		look(1600, true, "an operator has spoken")
	})
}

// The wall time of cuts never goes back, whatever the clock does.
func TestCutsNeverGoBackInTime(t *testing.T) {
	inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
		r.tick(5 * time.Second)
		r.tick(3 * time.Second)
		if r.wall() != 5*time.Second || len(r.cuts) != 2 || r.cuts[1].Seq != 2 {
			t.Errorf("cuts %+v", r.cuts)
		}
	})
}

// A log that is silent at its end for a minute follows the least watermark of the
// others: not earlier, not further, and not while records wait on the broker.
func TestASilentLogFollowsTheLeastOfTheOthers(t *testing.T) {
	inBubble(t, testSpec, 4, func(t *testing.T, r *rig) {
		r.tick(0)
		for s := range 3 {
			r.put(s, served("stable", time.Second))
		}
		r.putBefore(3, 5, served("stable", time.Second)) // the fetch is behind: it is not silent
		talk := func(at time.Duration) {
			r.put(0, served("stable", at))
			r.put(1, served("stable", at-2*time.Second))
			r.putBefore(3, 5, served("stable", at-time.Second))
			r.tick(at)
		}
		talk(30 * time.Second)
		talk(59 * time.Second)
		if r.top(2) != time.Second {
			t.Fatalf("after 58 s of silence log 2 is at %v", r.top(2))
		}
		talk(62 * time.Second)
		if r.top(2) != 60*time.Second {
			t.Errorf("after a minute of silence log 2 is at %v, want 60 s: the least of the others", r.top(2))
		}
		r.tick(3 * time.Minute)
		if r.top(3) != 61*time.Second || r.top(2) != 61*time.Second || r.top(1) != 61*time.Second {
			t.Errorf("logs at %v, %v, %v; want those at their end to follow the one that waits for the broker", r.top(1), r.top(2), r.top(3))
		}
		r.put(2, served("canary", 70*time.Second))
		if r.top(2) != 70*time.Second {
			t.Errorf("a log that speaks again is at %v", r.top(2))
		}
	})
}

// A log that was silent from the beginning is silent since the first look.
func TestALogThatNeverSpokeIsSilentToo(t *testing.T) {
	inBubble(t, testSpec, 2, func(t *testing.T, r *rig) {
		r.tick(0)
		r.put(0, served("stable", 58*time.Second))
		r.tick(59 * time.Second)
		if got := r.Core.Shard(1).Top(0); got != schemas.Unknown {
			t.Fatalf("after 59 s: %v", got)
		}
		r.tick(60 * time.Second)
		if r.top(1) != 58*time.Second {
			t.Errorf("after a minute: %v", r.top(1))
		}
	})
}

// When every log is silent nothing advances: that is no data, and said so.
func TestNothingAdvancesWhenAllAreSilent(t *testing.T) {
	inBubble(t, testSpec, 2, func(t *testing.T, r *rig) {
		r.tick(0)
		r.put(0, served("stable", 8*time.Second))
		b := r.batch(1, served("stable", 3*time.Second)) // an older event, that came at the same time
		b.Chunk.At[0] = begin.Add(8 * time.Second)
		send(r.batches, b)
		for s := time.Duration(0); s < 300; s += 5 {
			r.tick(s * time.Second)
		}
		if r.top(0) != 8*time.Second || r.top(1) != 3*time.Second || r.last.State.Held != decision.ReasonNoData {
			t.Errorf("logs at %v and %v, held for %q", r.top(0), r.top(1), r.last.State.Held)
		}
	})
}

// A tick that settles is done with when every expected router has acknowledged what
// its cut decided; the next cut knows of it.
func TestASettlingTickWaitsForAcknowledgements(t *testing.T) {
	two := strings.Replace(testSpec, "  stages:", "  publish: {routers: 2}\n  stages:", 1)
	inBubble(t, two, 1, func(t *testing.T, r *rig) {
		done := r.tick(0, settle)
		if len(r.verdicts) != 1 || over(done) {
			t.Fatalf("%d verdicts, done %v: want the first verdict and a wait", len(r.verdicts), over(done))
		}
		send(r.acks, Ack{Router: "a", Generation: 1, Sequence: 1, At: begin.Add(time.Second)})
		send(r.results, decision.PublishResult{Generation: 1, Sequence: 1, Result: "acked"})
		if over(done) {
			t.Fatal("done after one router of two")
		}
		send(r.acks, Ack{Router: "b", Generation: 1, Sequence: 1, At: begin.Add(2 * time.Second)})
		if !over(done) || len(r.cuts) != 1 {
			t.Fatalf("done %v after both routers, %d cuts", over(done), len(r.cuts))
		}
		if !over(r.tick(10*time.Second, settle)) {
			t.Error("a cut that decides nothing has nothing to wait for")
		}
		if at := r.last.State.History[0].AppliedAt; at != begin.Add(2*time.Second) {
			t.Errorf("the step is applied at %v, want the last router's time", at)
		}
	})
}

// A verdict that expired unsent settles the tick: no router can answer it.
func TestAnUnsentVerdictIsNotWaitedFor(t *testing.T) {
	inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
		done := r.tick(0, settle)
		send(r.results, decision.PublishResult{Generation: 1, Sequence: 1, Result: "expired"})
		if !over(done) {
			t.Error("still waiting")
		}
		r.tick(time.Second)
		if n := len(r.verdicts); n != 2 || r.verdicts[1].Sequence != 2 || r.verdicts[1].PrevDigest != "" {
			t.Errorf("%d verdicts, want the first one decided again", n)
		}
	})
}

// What operators say and what becomes of verdicts reaches the decision.
func TestOrdersAndResultsReachTheDecision(t *testing.T) {
	inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
		r.tick(0)
		send(r.orders, decision.Command{Verb: "pause", Actor: "ann", Reason: "lunch"})
		r.tick(time.Second)
		if r.last.State.Phase != schemas.PhasePaused {
			t.Errorf("phase %s, want paused", r.last.State.Phase)
		}
		send(r.orders, decision.Command{Verb: "rollback", Actor: "ann"})
		r.tick(2 * time.Second)
		if v := r.verdicts[len(r.verdicts)-1]; v.Phase != schemas.PhaseRolledBack || v.Actor != "user:ann" {
			t.Errorf("%s by %s, want rolled back by ann", v.Phase, v.Actor)
		}
	})
	inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
		r.tick(0)
		send(r.results, decision.PublishResult{Generation: 1, Sequence: 1, Result: "fenced"})
		send(r.orders, decision.Command{Verb: "pause", Actor: "ann"})
		r.tick(time.Second)
		if len(r.verdicts) != 1 || !r.last.State.Fenced {
			t.Errorf("an engine that was fenced speaks: %d verdicts", len(r.verdicts))
		}
	})
}

// A dry run is served by nobody: the next window stands for the acknowledgement.
func TestADryRunWaitsForNobody(t *testing.T) {
	dry := strings.Replace(testSpec, "  stages:", "  dryRun: true\n  stages:", 1)
	inBubble(t, dry, 1, func(t *testing.T, r *rig) {
		if done := r.tick(3*time.Second, settle); !over(done) {
			t.Fatal("it waits for routers")
		}
		r.tick(4 * time.Second)
		if at := r.last.State.History[0].AppliedAt; at != begin.Add(10*time.Second) {
			t.Errorf("applied at %v, want the next window", at)
		}
	})
}

// Chunks are given back when they are read, and offsets that are lost leave their
// windows out of what speaks for safety.
func TestBatchesAreReadAndGivenBack(t *testing.T) {
	inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
		r.tick(0)
		send(r.acks, Ack{Router: "a", Generation: 1, Sequence: 1, At: begin})
		r.tick(0)
		for s := range 6 {
			at := time.Duration(10*s+1) * time.Second
			b := r.batch(0, served("stable", at), served("canary", at))
			if s == 2 {
				b.Gaps = []Gap{{r.offsets[0][0] - 2, r.offsets[0][0] - 1}}
			}
			send(r.batches, b)
		}
		r.tick(time.Minute)
		if r.returned != 6 {
			t.Errorf("%d chunks were given back, want 6", r.returned)
		}
		for _, e := range r.last.Evidence {
			if e.Name == "error_rate/safe" && e.Skipped.Incomplete == 0 {
				t.Errorf("no window is incomplete: %+v", e.Skipped)
			}
			if e.Name == "error_rate/harm" && e.N != [2]int64{4, 4} {
				t.Errorf("harm is shown on %v rows, want all that are there", e.N)
			}
		}
	})
}

// The context ends the loop wherever it stands: idle, waiting for offsets, for
// routers, or for somebody to take the end of a tick.
func TestTheContextEndsTheLoop(t *testing.T) {
	for name, busy := range map[string]func(*rig){
		"idle":                nil,
		"waiting for offsets": func(r *rig) { r.tick(0, func(tick *Tick) { tick.Until = [][]int64{{9}} }) },
		"waiting for routers": func(r *rig) { r.tick(0, settle) },
		"nobody takes the end of a tick": func(r *rig) {
			r.tick(0, func(tick *Tick) { tick.Done = make(chan struct{}) })
		},
	} {
		inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
			if busy != nil {
				busy(r)
			}
			r.stop()
			synctest.Wait()
			select {
			case <-r.gone:
			default:
				t.Errorf("%s: the loop goes on", name)
			}
		})
	}
}
