package pump

import (
	"verdin/decision"
	"verdin/schemas"
)

// ackBook turns the routers' acknowledgements into one fact per verdict: it is
// applied when every expected router has acknowledged it or a later one.
type ackBook struct {
	expected int
	pending  []pendingVerdict
	heads    []routerHead // by order of first acknowledgement
}

type pendingVerdict struct{ generation, sequence uint64 }

type routerHead struct {
	router string
	pendingVerdict
	at schemas.Time
}

func (p pendingVerdict) after(q pendingVerdict) bool {
	return p.generation > q.generation || p.generation == q.generation && p.sequence > q.sequence
}

// open notes a verdict that waits to be applied.
func (b *ackBook) open(v *schemas.Verdict) {
	b.pending = append(b.pending, pendingVerdict{v.Generation, v.Sequence})
}

// waiting tells whether a verdict was not applied yet.
func (b *ackBook) waiting() bool { return len(b.pending) > 0 }

// result drops a verdict that no router will ever see.
func (b *ackBook) result(r decision.PublishResult) {
	if r.Result == "acked" {
		return
	}
	for i, p := range b.pending {
		if p == (pendingVerdict{r.Generation, r.Sequence}) {
			b.pending = append(b.pending[:i], b.pending[i+1:]...)
			return
		}
	}
}

// take books an acknowledgement and returns the verdicts that it completes.
func (b *ackBook) take(a Ack) []decision.Applied {
	b.head(a)
	var done []decision.Applied
	for len(b.pending) > 0 {
		at, ok := b.applied(b.pending[0])
		if !ok {
			break
		}
		done = append(done, decision.Applied{Generation: b.pending[0].generation, Sequence: b.pending[0].sequence, At: at})
		b.pending = b.pending[1:]
	}
	return done
}

func (b *ackBook) head(a Ack) {
	got := pendingVerdict{a.Generation, a.Sequence}
	for i := range b.heads {
		if h := &b.heads[i]; h.router == a.Router {
			if got.after(h.pendingVerdict) {
				h.pendingVerdict, h.at = got, a.At
			}
			return
		}
	}
	b.heads = append(b.heads, routerHead{a.Router, got, a.At})
}

// applied tells whether enough routers serve p or a later verdict, and since when.
func (b *ackBook) applied(p pendingVerdict) (at schemas.Time, ok bool) {
	n := 0
	for _, h := range b.heads {
		if !p.after(h.pendingVerdict) {
			n++
			at = max(at, h.at)
		}
	}
	return at, n >= b.expected
}
