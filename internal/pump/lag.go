package pump

import (
	"time"

	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// Reading is how the fetching of one log goes.
type Reading struct {
	Next      int64        // offset after all that was fetched
	High      int64        // offset after the log's last record
	FetchedAt schemas.Time // of the last good answer; 0 = none yet
}

// healthyFor is how long after a broker's last good answer its silence counts as the
// log's: fetches answer twice a second at least.
const healthyFor = 10 * time.Second

// readings is how every log goes. Without anybody who knows, all that was handed
// over is all that there is.
func (l *Live) readings() []Reading {
	if l.Status != nil {
		return l.Status()
	}
	return nil
}

// idle advances logs that have been silent at their end: to the least watermark of
// the others, never further. When all are silent nothing moves: that is no data. A
// log that nobody could fetch is not silent.
func (l *Live) idle(wall schemas.Time, status []Reading) (out []journal.Idle) {
	least, any := schemas.Never, false
	var silent []int
	for i := range l.logs {
		if l.silent(i, wall, status) {
			silent = append(silent, i)
			continue
		}
		least, any = min(least, l.top(i)), true
	}
	if !any || least == schemas.Unknown {
		return nil
	}
	for _, i := range silent {
		if least > l.top(i) {
			out = append(out, journal.Idle{Log: i, To: least})
		}
	}
	return out
}

func (l *Live) top(log int) schemas.Time {
	at := l.flat.seats[log]
	return l.Core.Shard(at.shard).Top(at.log)
}

func (l *Live) silent(log int, wall schemas.Time, status []Reading) bool {
	seen := &l.logs[log]
	if seen.spoke == 0 {
		seen.spoke = wall // silence is counted from the first look
	}
	if status != nil {
		s := status[log]
		seen.high = max(seen.high, s.High)
		if s.Next > seen.next || s.FetchedAt == 0 || wall.Sub(s.FetchedAt) > healthyFor {
			return false
		}
	}
	return seen.next >= seen.high && wall.Sub(seen.spoke) >= IdleAfter
}

// behind tells whether records wait that are older than the lag that a spec allows:
// what is decided on them is old news. A log that was not fetched yet may hold some.
func (l *Live) behind(wall schemas.Time, status []Reading) bool {
	src := l.Spec.Source
	limit := max(2*src.Window, l.Spec.Health.Lag) + src.Lateness + src.Window
	for i, s := range status {
		if s.FetchedAt == 0 {
			return true
		}
		seen := &l.logs[i]
		waits := seen.next < max(s.High, seen.high)
		if top := l.top(i); waits && (top == schemas.Unknown || wall.Sub(top.Add(-src.Lateness)) > limit) {
			return true
		}
	}
	return false
}
