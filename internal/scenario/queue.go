package scenario

import "verdin/schemas"

// pending is an outcome that is on its way.
type pending struct {
	due   schemas.Time
	n     uint64 // order of creation: decides between equal times
	id    string // of the prediction
	arm   string // whose answer it is about; "" = the only one
	name  string // of the outcome
	value float64
}

func (p *pending) before(q *pending) bool {
	return p.due < q.due || p.due == q.due && p.n < q.n
}

// queue is a binary heap: the outcome that is due first is at index 0.
type queue []pending

func (q *queue) push(p pending) {
	h := append(*q, p)
	*q = h
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h[i].before(&h[parent]) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

func (q *queue) pop() pending {
	h := *q
	top, last := h[0], len(h)-1
	h[0], h[last] = h[last], pending{}
	h = h[:last]
	*q = h
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if h[child].before(&h[least]) {
				least = child
			}
		}
		if least == i {
			return top
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
