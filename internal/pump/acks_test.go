package pump

import (
	"fmt"
	"slices"
	"testing"

	"verdin/decision"
	"verdin/schemas"
)

// book expects acknowledgements of n routers for verdicts 1 to last of generation 1.
func book(n int, last uint64) *ackBook {
	b := &ackBook{expected: n}
	for s := range last {
		b.open(&schemas.Verdict{Generation: 1, Sequence: s + 1}, named(s+1))
	}
	return b
}

func ack(router string, sequence uint64, at schemas.Time) Ack {
	return Ack{Router: router, Generation: 1, Sequence: sequence, At: at}
}

// named is the digest of a verdict of the book.
func named(sequence uint64) string { return fmt.Sprint("sha256:", sequence) }

// took is what an acknowledgement that is not refused completes.
func took(b *ackBook, a Ack) []decision.Applied {
	done, ok := b.take(a)
	if !ok {
		panic(fmt.Sprintf("%+v was refused", a))
	}
	return done
}

func applied(sequence uint64, at schemas.Time) decision.Applied {
	return decision.Applied{Generation: 1, Sequence: sequence, At: at}
}

// A verdict is applied when the last expected router has acknowledged it, at that
// router's time; the same router twice is one router.
func TestAVerdictIsAppliedByTheLastExpectedRouter(t *testing.T) {
	b := book(3, 1)
	for _, a := range []Ack{ack("a", 1, 10), ack("b", 1, 30), ack("a", 1, 40)} {
		if got := took(b, a); got != nil {
			t.Fatalf("applied %v after two routers of three", got)
		}
	}
	if !b.waiting() {
		t.Error("nobody waits for the third")
	}
	if got := took(b, ack("c", 1, 20)); !slices.Equal(got, []decision.Applied{applied(1, 30)}) {
		t.Errorf("applied %v, want at 30, the last of the three", got)
	}
	if b.waiting() {
		t.Error("still waiting")
	}
	if got := took(b, ack("d", 1, 50)); got != nil {
		t.Errorf("applied again: %v", got)
	}
}

// Who serves a later verdict serves the earlier ones too: routers may skip some.
func TestALaterAcknowledgementCountsForEarlierVerdicts(t *testing.T) {
	b := book(2, 3)
	took(b, ack("a", 1, 10))
	took(b, ack("a", 2, 20))
	if got := took(b, ack("b", 2, 15)); !slices.Equal(got, []decision.Applied{applied(1, 20), applied(2, 20)}) {
		t.Errorf("applied %v, want the first two", got)
	}
	if got := took(b, ack("a", 1, 99)); got != nil || b.heads[0].Sequence != 2 {
		t.Errorf("an old acknowledgement turned router a back: %v", got)
	}
	took(b, ack("a", 3, 40))
	if got := took(b, ack("b", 3, 50)); !slices.Equal(got, []decision.Applied{applied(3, 50)}) {
		t.Errorf("applied %v, want the third at 50", got)
	}
}

// A router that answers before the server's own confirmation has answered.
func TestAnAcknowledgementMayComeBeforeThePublishResult(t *testing.T) {
	b := book(1, 1)
	got := took(b, ack("a", 1, 10))
	b.result(decision.PublishResult{Generation: 1, Sequence: 1, Result: "acked"})
	if len(got) != 1 || b.waiting() {
		t.Errorf("applied %v, waiting %v", got, b.waiting())
	}
	b = book(1, 1)
	b.result(decision.PublishResult{Generation: 1, Sequence: 1, Result: "acked"})
	if !b.waiting() {
		t.Error("a confirmation by the server is no acknowledgement by a router")
	}
}

// A verdict that no router will see is not waited for; the others are.
func TestWhatWasNeverSentIsNotWaitedFor(t *testing.T) {
	for _, result := range []string{"fenced", "expired"} {
		b := book(1, 2)
		b.result(decision.PublishResult{Generation: 1, Sequence: 2, Result: result})
		b.result(decision.PublishResult{Generation: 2, Sequence: 1, Result: result}) // another generation's
		if got := took(b, ack("a", 1, 10)); len(got) != 1 || b.waiting() {
			t.Errorf("%s: applied %v, waiting %v", result, got, b.waiting())
		}
	}
}

// Acknowledgements of an earlier generation say nothing of this one.
func TestGenerationsAreOrderedBeforeSequences(t *testing.T) {
	b := &ackBook{expected: 1}
	b.open(&schemas.Verdict{Generation: 2, Sequence: 1}, "")
	if got := took(b, ack("a", 9, 10)); got != nil {
		t.Errorf("applied %v by the generation before", got)
	}
	got := took(b, Ack{Router: "a", Generation: 2, Sequence: 1, At: 20})
	if want := []decision.Applied{{Generation: 2, Sequence: 1, At: 20}}; !slices.Equal(got, want) {
		t.Errorf("applied %v, want %v", got, want)
	}
}

// An acknowledgement of another verdict in the place of ours, or of one that was never
// given, comes from routers that follow another engine: it dates nothing.
func TestAnAcknowledgementOfAnotherVerdictIsRefused(t *testing.T) {
	with := func(a Ack, digest string) Ack { a.Digest = digest; return a }
	b := book(1, 2)
	for what, a := range map[string]Ack{
		"another digest":          with(ack("a", 2, 10), named(1)),
		"another digest before":   with(ack("a", 1, 10), named(2)),
		"a verdict that is ahead": with(ack("a", 3, 10), named(3)),
		"a later generation":      {Router: "a", Generation: 2, Sequence: 1, At: 10},
	} {
		if done, ok := b.take(a); ok || done != nil {
			t.Errorf("%s: taken, and completes %v", what, done)
		}
	}
	if len(b.heads) != 0 || len(b.pending) != 2 {
		t.Errorf("%d heads, %d pending after refusals", len(b.heads), len(b.pending))
	}
	if got := took(b, with(ack("a", 1, 20), named(1))); !slices.Equal(got, []decision.Applied{applied(1, 20)}) {
		t.Errorf("applied %v by its own digest", got)
	}
	if got := took(b, ack("a", 2, 30)); !slices.Equal(got, []decision.Applied{applied(2, 30)}) {
		t.Errorf("applied %v by a router that tells no digest", got)
	}
	if _, ok := b.take(with(ack("b", 2, 40), "sha256:other")); ok {
		t.Error("a digest that is not that of the last verdict was taken")
	}
}

// What was not sent and then decided again in another form are two verdicts.
func TestAResultIsOfOneDigest(t *testing.T) {
	b := book(1, 1)
	b.result(decision.PublishResult{Generation: 1, Sequence: 1, Digest: "sha256:other", Result: "expired"})
	if !b.waiting() {
		t.Error("the result of another verdict has dropped this one")
	}
	b.result(decision.PublishResult{Generation: 1, Sequence: 1, Digest: named(1), Result: "expired"})
	if b.waiting() {
		t.Error("its own result has not dropped it")
	}
}

// Where routers are named only they count: a step is applied when the last of them has
// acknowledged it, those that have not are known by name, and strangers are refused.
func TestOnlyNamedRoutersCount(t *testing.T) {
	b := book(2, 1)
	b.named = []string{"edge-1", "edge-2"}
	if got := b.owing(); !slices.Equal(got, b.named) {
		t.Errorf("owing %v at the beginning", got)
	}
	for _, stranger := range []string{"edge-3", "edge-4"} {
		if done, ok := b.take(ack(stranger, 1, 5)); ok || done != nil {
			t.Errorf("the stranger %s counts: %v", stranger, done)
		}
	}
	if got := took(b, ack("edge-2", 1, 10)); got != nil || !slices.Equal(b.owing(), []string{"edge-1"}) {
		t.Errorf("applied %v, owing %v", got, b.owing())
	}
	if got := took(b, ack("edge-1", 1, 20)); !slices.Equal(got, []decision.Applied{applied(1, 20)}) || b.owing() != nil {
		t.Errorf("applied %v, owing %v", got, b.owing())
	}
	book(2, 1).owing() // nobody is named
}

// A named router owes the first verdict that waits until it serves that one or a later
// one; an earlier one does not settle it. Routers that were heard before the names do
// not count.
func TestANamedRouterOwesTheFirstVerdictThatWaits(t *testing.T) {
	b := book(2, 1)
	b.named, b.heads = []string{"a", "b"}, []routerHead{{Router: "x", pendingVerdict: pendingVerdict{Generation: 1, Sequence: 1}}}
	for _, router := range []string{"a", "b"} {
		if want := router != "b"; !slices.Contains(b.owing(), router) || slices.Contains(b.owing(), "a") != want {
			t.Errorf("before %s: %v owe", router, b.owing())
		}
		if got := took(b, ack(router, 1, 10)); (len(got) > 0) != (router == "b") {
			t.Errorf("%s completes %v", router, got)
		}
	}
	if got := b.owing(); len(got) > 0 {
		t.Errorf("nothing waits, and %v owe", got)
	}
	b.open(&schemas.Verdict{Generation: 1, Sequence: 2}, named(2))
	if got := b.owing(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("verdict 2 waits, and %v owe", got)
	}
}
