package nats_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

func record(i uint64) []byte { return fmt.Appendf(nil, "record %d", i) }

func readJournal(t *testing.T, p *nats.Publisher, rollout string, from uint64) (all []string) {
	t.Helper()
	next := from
	if err := p.ReadJournal(t.Context(), "prod", rollout, from, func(i uint64, b []byte) error {
		if i != next && from > 0 {
			t.Errorf("record %d comes as %d", i, next)
		}
		next = i + 1
		all = append(all, string(b))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestJournalIsReadAsItWasAppended(t *testing.T) {
	b := newBed(t)
	p := b.publisher("a")
	var want []string
	for i := uint64(1); i <= 20; i++ {
		for range 2 { // the second time is a retry after a lost answer
			if err := p.AppendJournal(t.Context(), "prod", "recsys", i, record(i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.AppendJournal(t.Context(), "prod", "search", 100+i, record(i)); err != nil {
			t.Fatal(err)
		}
		want = append(want, string(record(i)))
	}
	for from := range uint64(23) {
		if got := readJournal(t, p, "recsys", from); !slices.Equal(got, want[min(max(from, 1)-1, 20):]) {
			t.Errorf("from %d: %q", from, got)
		}
	}
	if got := readJournal(t, p, "absent", 0); got != nil {
		t.Errorf("a journal of nobody: %q", got)
	}
	if i, ok, err := p.JournalEnd(t.Context(), "prod", "search"); i != 120 || !ok || err != nil {
		t.Errorf("end %d, %v, %v", i, ok, err)
	}
}

func TestJournalRefusesForksAndGaps(t *testing.T) {
	b := newBed(t)
	p := b.publisher("a")
	for i := uint64(1); i <= 3; i++ {
		if err := p.AppendJournal(t.Context(), "prod", "recsys", i, record(i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		index  uint64
		record string
		want   error
	}{{5, "record 5", nats.ErrGap}, {3, "another", nats.ErrForked}, {1, "another", nats.ErrForked}, {2, "record 2", nil}, {4, "record 4", nil}} {
		if err := p.AppendJournal(t.Context(), "prod", "recsys", c.index, []byte(c.record)); !errors.Is(err, c.want) {
			t.Errorf("record %d %q: %v, want %v", c.index, c.record, err, c.want)
		}
	}
	stop := errors.New("stop")
	if err := p.ReadJournal(t.Context(), "prod", "recsys", 0, func(uint64, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a reader that stops: %v", err)
	}
}

func TestOfTwoJournalsOneIsMirrored(t *testing.T) {
	b := newBed(t)
	engines := []*nats.Publisher{b.publisher("a"), b.publisher("b")}
	for i := uint64(1); i <= 20; i++ {
		errs := make([]error, len(engines))
		var wg sync.WaitGroup
		for e, p := range engines {
			wg.Go(func() {
				for {
					errs[e] = p.AppendJournal(t.Context(), "prod", "recsys", i, fmt.Appendf(nil, "%d by %d", i, e))
					if errs[e] == nil || errors.Is(errs[e], nats.ErrForked) {
						return
					}
				}
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) {
			t.Fatalf("record %d: %v, want exactly one mirrored", i, errs)
		}
	}
	if n := len(readJournal(t, engines[0], "recsys", 0)); n != 20 {
		t.Errorf("%d records, want 20", n)
	}
}

func TestJournalWithAForeignRecordIsRefused(t *testing.T) {
	b := newBed(t)
	p := b.publisher("a")
	js, err := jetstream.New(b.connect())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.AppendJournal(t.Context(), "prod", "recsys", 1, record(1)); err != nil {
		t.Fatal(err)
	}
	m := natsgo.NewMsg(schemas.JournalSubject("prod", "recsys"))
	if _, err := js.PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := p.AppendJournal(t.Context(), "prod", "recsys", 2, record(2)); err == nil || errors.Is(err, nats.ErrForked) {
		t.Errorf("after a record without an index: %v", err)
	}
}
