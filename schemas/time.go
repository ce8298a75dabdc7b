package schemas

import (
	"math"
	"time"
)

// Time is an instant in nanoseconds since the Unix epoch, UTC. The core
// computes with Time alone: it is an integer, so equal inputs give equal bytes.
type Time int64

// Never is later than every instant: the watermark of a log that ended.
const Never Time = math.MaxInt64

// Unknown is earlier than every instant: the watermark of a log that has not spoken.
const Unknown Time = math.MinInt64

// TimeOf converts a wall-clock time.
func TimeOf(t time.Time) Time { return Time(t.UnixNano()) }

// Add returns t + d; Never and Unknown stay as they are.
func (t Time) Add(d time.Duration) Time {
	if t == Never || t == Unknown {
		return t
	}
	return t + Time(d)
}

// Sub returns t − u as a duration.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Floor returns the greatest multiple of d, counted from the epoch, that is not
// after t: the start of the window that holds t.
func (t Time) Floor(d time.Duration) Time {
	r := t % Time(d)
	if r < 0 {
		r += Time(d)
	}
	return t - r
}

// Std returns t as a time.Time in UTC.
func (t Time) Std() time.Time { return time.Unix(0, int64(t)).UTC() }

// String formats t as RFC 3339 with as many digits as it needs.
func (t Time) String() string {
	switch t {
	case Never:
		return "never"
	case Unknown:
		return "unknown"
	}
	return t.Std().Format(time.RFC3339Nano)
}
