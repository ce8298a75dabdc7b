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

type pendingVerdict struct {
	Generation uint64 `json:"generation"`
	Sequence   uint64 `json:"sequence"`
}

type routerHead struct {
	Router string `json:"router"`
	pendingVerdict
	At schemas.Time `json:"at"`
}

func (p pendingVerdict) after(q pendingVerdict) bool {
	return p.Generation > q.Generation || p.Generation == q.Generation && p.Sequence > q.Sequence
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
		done = append(done, decision.Applied{Generation: b.pending[0].Generation, Sequence: b.pending[0].Sequence, At: at})
		b.pending = b.pending[1:]
	}
	return done
}

func (b *ackBook) head(a Ack) {
	got := pendingVerdict{a.Generation, a.Sequence}
	for i := range b.heads {
		if h := &b.heads[i]; h.Router == a.Router {
			if got.after(h.pendingVerdict) {
				h.pendingVerdict, h.At = got, a.At
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
			at = max(at, h.At)
		}
	}
	return at, n >= b.expected
}
