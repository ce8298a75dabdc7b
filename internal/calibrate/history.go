package calibrate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"verdin/decision"
	"verdin/internal/pump"
	"verdin/schemas"
)

const (
	chunkRows  = 1 << 14
	chunkArena = 64 << 20
)

// novel is the name that no history has: what a shift writes as a new value.
const novel = "verdin.injected"

// ErrHistory is wrapped by errors about recordings that cannot be calibrated on.
var ErrHistory = errors.New("calibrate: no history")

// History is the stable arm of a recording: predictions, readings and outcomes of what
// was in service, as it was read, log by log.
type History struct {
	Rows        [schemas.Kinds]int64 // kept, by kind
	Predictions int64                // of both arms
	Canary      int64                // rows of another arm, left out
	Other       int64                // rows of another rollout, left out
	From        schemas.Time         // first and last event time
	To          schemas.Time

	rollout string // "namespace/name"
	short   string // "name", or "" where the namespace is not the default one
	sticky  bool
	layout  *schemas.Layout
	logs    []schemas.Log
	chunks  [][]*schemas.Chunk // by log
	units   map[string]string  // unit of each prediction, sticky only
}

// Load reads every source to its end and keeps the rows of the spec's stable arm.
func Load(ctx context.Context, spec *decision.Spec, layout *schemas.Layout, logs []schemas.Log, sources []pump.Source) (*History, error) {
	h := &History{rollout: spec.FullName(), sticky: spec.Assignment == "sticky", layout: layout, logs: logs,
		chunks: make([][]*schemas.Chunk, len(logs)), From: schemas.Never, To: schemas.Unknown, units: map[string]string{}}
	if spec.Namespace == "default" {
		h.short = spec.Name
	}
	for log, s := range sources {
		into := &keeper{h: h, log: log, stable: spec.Arms.Stable}
		for {
			c, err := s.Next(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			for i := range c.Len() {
				into.row(c, i)
			}
			s.Recycle(c)
		}
	}
	if h.Rows[schemas.KindPrediction] == 0 {
		return nil, fmt.Errorf("%w: none of %d rows is a prediction of rollout %s by its stable arm (%q or %q): name the rollout in the spec's metadata, or map the recording with --set rollout=%s --set arm=stable",
			ErrHistory, h.Canary+h.Other, h.rollout, schemas.ArmStable, spec.Arms.Stable, h.rollout)
	}
	return h, nil
}

// mine tells whether a row belongs to the rollout.
func (h *History) mine(name []byte, kind schemas.Kind) bool {
	switch string(name) {
	case h.rollout:
		return true
	case "":
		return kind == schemas.KindOutcome
	}
	return h.short != "" && string(name) == h.short
}

// keeper copies rows of one log into chunks of its own.
type keeper struct {
	h      *History
	log    int
	stable string
	c      *schemas.Chunk
	rows   [schemas.Kinds]int32
	words  [3]schemas.Text // stable, canary, novel
}

const (
	wordStable = iota
	wordCanary
	wordNovel
)

func (k *keeper) row(c *schemas.Chunk, i int) {
	kind := c.Kind[i]
	if !k.h.mine(c.Bytes(c.Rollout[i]), kind) {
		k.h.Other++
		return
	}
	if kind == schemas.KindPrediction {
		k.h.Predictions++
	}
	arm := string(c.Bytes(c.Arm[i]))
	if arm != schemas.ArmStable && arm != k.stable && !(arm == "" && kind == schemas.KindOutcome) {
		k.h.Canary++
		return
	}
	k.h.Rows[kind]++
	k.h.From, k.h.To = min(k.h.From, c.TS[i]), max(k.h.To, c.TS[i])
	if k.c == nil || k.c.Len() >= chunkRows || len(k.c.Arena) >= chunkArena {
		k.begin()
	}
	k.copy(c, i, arm != "")
}

func (k *keeper) begin() {
	k.c, k.rows = new(schemas.Chunk), [schemas.Kinds]int32{}
	k.c.Reset(k.log, k.h.layout)
	for w, text := range []string{schemas.ArmStable, schemas.ArmCanary, novel} {
		k.words[w] = k.c.Intern([]byte(text))
	}
	k.h.chunks[k.log] = append(k.h.chunks[k.log], k.c)
}

// copy adds a row; what routers said of split and stage is left behind.
func (k *keeper) copy(c *schemas.Chunk, i int, named bool) {
	d, kind := k.c, c.Kind[i]
	move := func(t schemas.Text) schemas.Text { return d.Intern(c.Bytes(t)) }
	d.Kind, d.Row, d.Offset = append(d.Kind, kind), append(d.Row, k.rows[kind]), append(d.Offset, c.Offset[i])
	d.TS, d.At = append(d.TS, c.TS[i]), append(d.At, c.At[i])
	d.Rollout, d.Key, d.Unit = append(d.Rollout, move(c.Rollout[i])), append(d.Key, move(c.Key[i])), append(d.Unit, move(c.Unit[i]))
	d.Name, d.Identifier = append(d.Name, move(c.Name[i])), append(d.Identifier, move(c.Identifier[i]))
	d.Revision, d.Generation, d.Stage = append(d.Revision, c.Revision[i]), append(d.Generation, 0), append(d.Stage, -1)
	d.Rate = append(d.Rate, c.Rate[i])
	arm := schemas.Text{}
	if named {
		arm = k.words[wordStable]
	}
	d.Arm = append(d.Arm, arm)
	for n := range d.Values[kind] {
		v := c.Values[kind][n][c.Row[i]]
		v.Text = move(v.Text)
		d.Values[kind][n] = append(d.Values[kind][n], v)
	}
	k.rows[kind]++
	d.Next = c.Offset[i] + 1
	if k.h.sticky && kind == schemas.KindPrediction {
		k.h.units[string(c.Bytes(c.Key[i]))] = string(c.Bytes(c.Unit[i]))
	}
}
