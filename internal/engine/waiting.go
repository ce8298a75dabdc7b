package engine

import (
	"verdin/ingest/window"
	"verdin/schemas"
)

// told is the end of the last window in which a log has shown an event of the rollout,
// whether or not the others let it be judged; Unknown = none waits. A log that nobody
// can read holds windows up, and that is no silence of the arms.
func (j *Judge) told() schemas.Time {
	last := schemas.Unknown
	for end, w := range j.open[window.Fast] { // order-free: the greatest is taken
		if end <= last {
			continue
		}
		for i := range w.Cells {
			if c := &w.Cells[i]; c.Arms[0].N+c.Arms[1].N > 0 {
				last = end
				break
			}
		}
	}
	return last
}
