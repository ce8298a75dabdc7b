package pump

import (
	"slices"

	"verdin/decision"
	"verdin/schemas"
)

// ackBook turns the routers' acknowledgements into one fact per verdict: it is
// applied when every expected router has acknowledged it or a later one.
type ackBook struct {
	expected int
	named    []string // whose acknowledgements count, sorted; nil = everybody's
	pending  []pendingVerdict
	heads    []routerHead   // by order of first acknowledgement
	given    pendingVerdict // the last verdict of all; of sequence 0 = not known
}

type pendingVerdict struct {
	Generation uint64 `json:"generation"`
	Sequence   uint64 `json:"sequence"`
	Digest     string `json:"digest,omitempty"` // of its payload; "" = not known
}

type routerHead struct {
	Router string `json:"router"`
	pendingVerdict
	At schemas.Time `json:"at"`
}

func (p pendingVerdict) after(q pendingVerdict) bool {
	return p.Generation > q.Generation || p.Generation == q.Generation && p.Sequence > q.Sequence
}

// is tells whether both may be one verdict: a digest that is not known is no other.
func (p pendingVerdict) is(q pendingVerdict) bool {
	return p.Generation == q.Generation && p.Sequence == q.Sequence && (p.Digest == q.Digest || p.Digest == "" || q.Digest == "")
}

// open notes a verdict that waits to be applied.
func (b *ackBook) open(v *schemas.Verdict, digest string) {
	b.given = pendingVerdict{v.Generation, v.Sequence, digest}
	b.pending = append(slices.Clip(b.pending), b.given)
}

// waiting tells whether a verdict was not applied yet.
func (b *ackBook) waiting() bool { return len(b.pending) > 0 }

// result drops a verdict that no router will ever see.
func (b *ackBook) result(r decision.PublishResult) {
	if r.Result == "acked" {
		return
	}
	for i, p := range b.pending {
		if p.is(pendingVerdict{r.Generation, r.Sequence, r.Digest}) {
			b.pending = append(b.pending[:i], b.pending[i+1:]...)
			return
		}
	}
}

// take books an acknowledgement and returns the verdicts that it completes. It is
// refused, !ok, if it names a verdict that was never given: one with the place of
// another, or one behind the last. Another engine has written that. One of a router
// that is not named counts for nothing either.
func (b *ackBook) take(a Ack) (done []decision.Applied, ok bool) {
	got := pendingVerdict{a.Generation, a.Sequence, a.Digest}
	if b.foreign(got) || b.named != nil && !slices.Contains(b.named, a.Router) {
		return nil, false
	}
	b.head(a.Router, got, a.At)
	for len(b.pending) > 0 {
		at, ok := b.applied(b.pending[0])
		if !ok {
			break
		}
		done = append(done, decision.Applied{Generation: b.pending[0].Generation, Sequence: b.pending[0].Sequence, At: at})
		b.pending = b.pending[1:]
	}
	return done, true
}

// foreign tells whether a verdict is none that was given.
func (b *ackBook) foreign(got pendingVerdict) bool {
	if b.given.Sequence > 0 && got.after(b.given) {
		return true
	}
	for _, p := range append(slices.Clip(b.pending), b.given) {
		if p.Generation == got.Generation && p.Sequence == got.Sequence && !p.is(got) {
			return true
		}
	}
	return false
}

func (b *ackBook) head(router string, got pendingVerdict, at schemas.Time) {
	for i := range b.heads {
		if h := &b.heads[i]; h.Router == router {
			if got.after(h.pendingVerdict) {
				h.pendingVerdict, h.At = got, at
			}
			return
		}
	}
	b.heads = append(b.heads, routerHead{router, got, at})
}

// owing are the named routers that do not serve the first verdict that waits.
func (b *ackBook) owing() (names []string) {
	for _, name := range b.named {
		served := func(h routerHead) bool { return h.Router == name && !b.pending[0].after(h.pendingVerdict) }
		if b.waiting() && !slices.ContainsFunc(b.heads, served) {
			names = append(names, name)
		}
	}
	return names
}

// applied tells whether enough routers serve p or a later verdict, and since when.
func (b *ackBook) applied(p pendingVerdict) (at schemas.Time, ok bool) {
	n := 0
	for _, h := range b.heads {
		if !p.after(h.pendingVerdict) && (b.named == nil || slices.Contains(b.named, h.Router)) {
			n++
			at = max(at, h.At)
		}
	}
	return at, n >= b.expected
}
