package engine

import (
	"verdin/ingest/window"
	"verdin/schemas"
)

// account adds a final window to the figures of the running stage and of the
// data's health.
func (j *Judge) account(lane window.Lane, end schemas.Time, w *window.Partial, stage int, clean bool) {
	var n, own [2]int64 // all rows; those that this stage served
	for i := range w.Cells {
		c := &w.Cells[i]
		if c.Segment > 0 {
			continue // those rows are in the cell of all traffic
		}
		rows := [2]int64{int64(c.Arms[0].N), int64(c.Arms[1].N)}
		add(&n, rows)
		if !j.alien(c) && (c.Stage < 0 || int(c.Stage) == stage) {
			add(&own, rows)
		}
	}
	running := clean && stage == j.state.Stage && !w.Gap && own[0]+own[1] > 0
	if lane == window.Label {
		j.health.Unmatched += int64(w.Unmatched)
		j.health.ArmMismatch += int64(w.Mismatch)
		for a, late := range w.Late {
			j.health.Late[a] += int64(late)
			j.health.Seen[a] += int64(late)
		}
		if running {
			j.stage.LabelBake += j.plan.Length
			add(&j.stage.LabelSamples, own)
			j.pairs(w, stage)
		}
		return
	}
	if running {
		j.stage.Bake += j.plan.Length
		add(&j.stage.Samples, own)
	}
	if w.Gap {
		j.health.Incomplete++
	}
	for a := range n {
		j.health.Late[a] += int64(w.Late[a])
		j.health.Seen[a] += n[a] + int64(w.Late[a])
	}
	for i := range w.Cells {
		for a := range w.Cells[i].Arms {
			if !clean || j.alien(&w.Cells[i]) {
				continue // routers may still be serving what was before
			}
			j.faults.Strangers[a] += int64(w.Cells[i].Arms[a].Strange)
		}
	}
	j.silence(end, n)
}

// Lost notes that a log no longer held what was to be read.
func (j *Judge) Lost() { j.faults.HistoryLost++ }

// silence keeps when each arm was last heard, and how much the other said since.
func (j *Judge) silence(end schemas.Time, n [2]int64) {
	h := &j.health
	h.StableSinceCanary += n[0]
	h.CanarySinceStable += n[1]
	if n[1] > 0 {
		h.StableSinceCanary, h.LastArm[1], h.LastData = 0, end, end
	}
	if n[0] > 0 {
		h.CanarySinceStable, h.LastArm[0], h.LastData = 0, end, end
	}
}

func add(sum *[2]int64, n [2]int64) {
	sum[0] += n[0]
	sum[1] += n[1]
}

// inputs are the offsets behind the final windows: per log, up to the record that
// sealed the last of them.
func (j *Judge) inputs() []schemas.InputRange {
	var out []schemas.InputRange
	for i := range j.origins[window.Fast] {
		o := &j.origins[window.Fast][i]
		k := 0
		for k < len(o.seals) && o.seals[k].end <= j.done[window.Fast] {
			k++
		}
		if k > 0 {
			o.seals = append(o.seals[:0], o.seals[k-1:]...)
		}
		r := schemas.InputRange{Topic: o.log.Topic, Partition: o.log.Partition, From: max(0, o.from)}
		r.To = r.From
		if len(o.seals) > 0 && o.seals[0].end <= j.done[window.Fast] {
			r.To = o.seals[0].to
		}
		out = append(out, r)
	}
	return out
}

// Begin tells where the rollout's part of a log begins, for the record of its inputs.
func (j *Judge) Begin(log int, offset int64) {
	if o := &j.origins[window.Fast][log]; o.from < 0 {
		o.from = offset
	}
}
