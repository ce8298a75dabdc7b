package control

import (
	"sync"
	"time"

	"verdin/schemas"
)

const (
	burst = 10          // orders at once
	pause = time.Second // then one in this time
	names = 4096        // principals that are remembered
)

// limiter lets each name do something so many times at once, and then once a while.
type limiter struct {
	most   int
	refill time.Duration

	mu   sync.Mutex
	full map[string]schemas.Time // when a name has its whole burst again
}

// allow tells whether a name may go on now, and counts it if so.
func (l *limiter) allow(name string, now schemas.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full == nil {
		l.full = map[string]schemas.Time{}
	}
	if len(l.full) >= names {
		for n, at := range l.full {
			if at <= now {
				delete(l.full, n)
			}
		}
	}
	at, known := l.full[name]
	if !known && len(l.full) >= names {
		return false
	}
	at = max(at, now).Add(l.refill)
	if at.Sub(now) > time.Duration(l.most)*l.refill {
		return false
	}
	l.full[name] = at
	return true
}
