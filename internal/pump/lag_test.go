package pump

import (
	"slices"
	"testing"
	"time"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// read is a status in which every log was fetched to its end a moment ago.
func (r *rig) read() []Reading {
	var all []Reading
	for i := range r.offsets {
		all = append(all, Reading{Next: r.offsets[i][0], High: r.offsets[i][0], FetchedAt: r.clock})
	}
	return all
}

// A log that nobody could fetch is not silent: its records may wait at a broker that is
// away, or between the fetch and the pump.
func TestALogThatCannotBeFetchedIsNotSilent(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Reading)
		moves bool
	}{
		"fetched to its end":       {func(*Reading) {}, true},
		"the broker is away":       {func(s *Reading) { s.FetchedAt = s.FetchedAt.Add(-11 * time.Second) }, false},
		"never fetched":            {func(s *Reading) { s.FetchedAt = 0 }, false},
		"records on their way":     {func(s *Reading) { s.Next++ }, false},
		"records wait at a broker": {func(s *Reading) { s.High++ }, false},
	} {
		inBubble(t, testSpec, 2, func(t *testing.T, r *rig) {
			r.Status = func() []Reading {
				all := r.read()
				c.spoil(&all[1])
				return all
			}
			r.put(1, served("stable", time.Second))
			for at := time.Second; at < 2*time.Minute; at += 10 * time.Second {
				r.put(0, served("stable", at))
				r.clock = begin.Add(at)
				r.tick(at)
			}
			if moved := r.top(1) > time.Second; moved != c.moves {
				t.Errorf("%s: the log moved %v, want %v", name, moved, c.moves)
			}
		})
	}
}

// Records that wait and are older than the lag that a spec allows are old news; a log
// that was not fetched yet may hold some; one at its end holds none, however old.
func TestCatchingUpIsOldRecordsThatWait(t *testing.T) {
	const limit = 2*time.Minute + 5*time.Second + 10*time.Second // lag, lateness and a window
	for name, c := range map[string]struct {
		behind  time.Duration
		waiting int64
		fetched bool
		want    bool
	}{
		"old records wait":      {limit + time.Second, 1, true, true},
		"young records wait":    {limit - time.Second, 1, true, false},
		"nothing waits":         {time.Hour, 0, true, false},
		"nobody knows":          {0, 0, false, true},
		"old records were read": {limit + time.Second, 0, true, false},
	} {
		inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
			r.Status = func() []Reading {
				all := r.read()
				all[0].High += c.waiting
				if !c.fetched {
					all[0].FetchedAt = 0
				}
				return all
			}
			r.put(0, served("stable", time.Second))
			now := time.Second - 5*time.Second + c.behind // the watermark is 5 s behind the record
			r.clock = begin.Add(now)
			r.tick(now)
			if got := r.cuts[len(r.cuts)-1].CatchingUp; got != c.want {
				t.Errorf("%s: catching up %v, want %v", name, got, c.want)
			}
		})
	}
}

// When it is told to stop, the pump makes a last cut with all that it has heard, and
// keeps the state: the next start reads nothing again.
func TestTheLastCutKeepsWhatWasHeard(t *testing.T) {
	u := newUniverse(t, quickSpec)
	if err := u.live(begin.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	s, err := OpenStore("d", StoreOptions{FS: u.disk})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	from, err := s.Resume(t.Context(), u.spec, u.shards, func(from *Place, then *Arrivals) (Feed, error) {
		for i, n := range from.Next {
			if n != int64(len(u.topics[i])) {
				t.Errorf("log %d is read again from %d of %d", i, n, len(u.topics[i]))
			}
		}
		return u.feed(from, then)
	})
	if err != nil {
		t.Fatal(err)
	}
	if from.Place.Stream != uint64(len(u.acks)) || len(from.Place.Heads) != 1 || len(u.acks) == 0 {
		t.Errorf("acknowledgements are heard up to %d, by %v; there are %d", from.Place.Stream, from.Place.Heads, len(u.acks))
	}
	whole, err := s.again(t.Context(), u.spec, func() (*engine.Engine, *Place, error) {
		script := u.script()
		core, err := Begin(script.Activation, u.spec)
		s.script = script
		return core, &Place{Next: script.start()}, err
	}, u.feed)
	if err != nil {
		t.Fatal(err)
	}
	text := func(r *Resumed) string {
		return string(r.Place.append(nil, &ackBook{pending: r.Place.Pending, heads: r.Place.Heads}))
	}
	if text(whole) != text(from) {
		t.Errorf("from the beginning the place is\n%s\nfrom the snapshot\n%s", text(whole), text(from))
	}
	script := u.script()
	if last := script.Cuts[len(script.Cuts)-1]; from.Place.Seq != last.Seq {
		t.Errorf("the state is that of cut %d, the last is %d", from.Place.Seq, last.Seq)
	}
}

// Equal times of neighbouring ranges are one range: the journal does not grow with the
// size of fetches.
func TestArrivalsThatGoOnAreOneRange(t *testing.T) {
	l := &Live{}
	for _, a := range []journal.Arrival{{Log: 0, From: 0, To: 5, At: 1}, {Log: 1, From: 0, To: 2, At: 1}, {Log: 0, From: 5, To: 9, At: 1}, {Log: 0, From: 9, To: 11, At: 2}} {
		l.arrive(a)
	}
	a := NewArrivals(2, []*journal.Cut{&l.next})
	if len(l.next.Arrivals) != 3 {
		t.Errorf("%+v", l.next.Arrivals)
	}
	for offset, want := range map[int64]schemas.Time{0: 1, 8: 1, 9: 2, 10: 2, 11: 0} {
		if got, ok := a.At(0, offset); got != want || ok != (want != 0) {
			t.Errorf("offset %d came at %v, want %v", offset, got, want)
		}
	}
}

// What is wrong with a topic as a whole is said in the cut, so that a rerun holds as well,
// and the hold names it; it ends some windows after the cause.
func TestATopicThatIsNotReadWholeHolds(t *testing.T) {
	const wrong = `kafka topic "ml.predictions" has 3 partitions, of which 1 are known here: restart to read all of them`
	inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
		why := ""
		r.Unread = func() string { return why }
		r.put(0, served("stable", time.Second))
		r.tick(time.Second)
		why = wrong
		r.tick(2 * time.Second)
		if v := r.verdicts[len(r.verdicts)-1]; v.Verdict != schemas.VerdictHold || v.Reason.Code != decision.ReasonDataQuality || v.Reason.Message != wrong {
			t.Errorf("the last verdict is %s, %+v", v.Verdict, v.Reason)
		}
		if c := r.cuts[len(r.cuts)-1]; c.Unread != wrong {
			t.Errorf("the cut says %q", c.Unread)
		}
		why = ""
		for at := 10 * time.Second; at < 2*time.Minute; at += 10 * time.Second {
			r.put(0, served("stable", at))
			r.tick(at)
		}
		if held := r.last.State.Held; held == decision.ReasonDataQuality {
			t.Errorf("still held for %s", held)
		}
	})
}

// A place knows the history that its positions belong to, so that a log which was cut
// off while nobody read is noticed; positions that only the journal tells have none.
func TestAPlaceKnowsTheHistoryOfItsPositions(t *testing.T) {
	inBubble(t, testSpec, 2, func(t *testing.T, r *rig) {
		put := func(epoch int32, events ...*schemas.Prediction) {
			b := r.batch(0, events...)
			b.Epoch = epoch
			send(r.batches, b)
		}
		want := func(what string, epochs ...int32) {
			t.Helper()
			if got := r.place.Epochs; !slices.Equal(got, epochs) {
				t.Errorf("%s: epochs %v, want %v", what, got, epochs)
			}
		}
		r.tick(0)
		want("nothing is known")
		put(5, served("stable", time.Second))
		r.tick(time.Second)
		want("a record", 5, 0)
		put(0)
		r.tick(2 * time.Second)
		want("an answer without records", 5, 0)
		back := Place{Next: []int64{1, 0}, Epochs: []int32{5, 4}}
		back.pass(&journal.Cut{Next: []int64{2, 0}}, &ackBook{})
		if !slices.Equal(back.Epochs, []int32{0, 4}) {
			t.Errorf("after a cut of the journal: %v", back.Epochs)
		}
	})
}
