package pump

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// caught makes of a panic the error that a replay ends with. It names how far the
// recording was read and the line of code, so that this one message is a report.
func (r *Replay) caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w, a fault of the program and not of the data, %s: %s, in %s", ErrInternal, r.reached(), failure(p), thrower())
	}
}

// reached tells how far the recording was read: the rows that were fed, or the cut
// that was made and the row that comes after it.
func (r *Replay) reached() string {
	if r.fed >= len(r.heads) {
		return "before the first event"
	}
	at := fmt.Sprintf("in %s, partition %d", r.Logs[r.fed].Topic, r.Logs[r.fed].Partition)
	h := r.heads[r.fed]
	switch {
	case h.chunk == nil || h.row >= len(h.chunk.Offset):
		at += ", at its end"
	case r.cutting:
		at += fmt.Sprintf(", before offset %d", h.chunk.Offset[h.row])
	default:
		at += fmt.Sprintf(", at offset %d to %d", h.chunk.Offset[h.row], h.chunk.Offset[len(h.chunk.Offset)-1])
	}
	if r.cutting {
		at += fmt.Sprintf(", at the cut of the windows up to %s", r.next)
	}
	return at
}

// thrower is the function that a recovered panic began in, with its file and line. It is
// to be called by the function that recovers, while the stack still stands.
func thrower() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for thrown := false; ; {
		f, more := frames.Next()
		unwinds := strings.HasPrefix(f.Function, "runtime.")
		if thrown && !unwinds {
			return fmt.Sprintf("%s (%s:%d)", f.Function, path.Base(f.File), f.Line)
		}
		if thrown = thrown || unwinds; !more {
			return "a place that is not known"
		}
	}
}
