package engine

import (
	"cmp"
	"slices"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// Judge owns one rollout: it merges the partials of a window, tests when the
// window is final, and decides at every cut. One goroutine at a time may use it.
type Judge struct {
	spec    *decision.Spec
	budget  decision.Budget
	state   decision.State
	plan    *window.Plan
	origins [window.Lanes][]origin
	open    [window.Lanes]map[schemas.Time]*window.Partial // by window end
	done    [window.Lanes]schemas.Time                     // end of the last final window
	holes   [window.Lanes][]hole
	tests   []Test
	learn   learner
	stage   decision.StageData
	at      int  // stage that the stage data belongs to
	foreign bool // as the last cut says
	health  decision.HealthData
	faults  decision.Faults
	exposed exposed // sticky plans
	heard   []heard // by the metrics of the label lane
}

// origin is how far a log (fast lane) or a shard (label lane) has sealed.
type origin struct {
	counts bool // finality waits for it
	sealed schemas.Time
	log    schemas.Log
	from   int64
	seals  []sealed // ascending, since the last cut that used them
}

type sealed struct {
	end schemas.Time
	to  int64
}

// JudgeInput is what one cut brings for a rollout.
type JudgeInput struct {
	Cut      decision.Cut
	Upto     schemas.Time // windows due later wait; schemas.Never = every final window
	Partials []window.Partial
	Applied  []decision.Applied
	Commands []decision.Command
	Publish  []decision.PublishResult
}

// Effects is what a cut makes the shell do.
type Effects struct {
	Verdict  *schemas.Verdict // nil = nothing to say
	Plan     *window.Plan     // nil = no new revision
	PlanFrom schemas.Time     // windows from here on follow Plan
	Windows  int              // windows that became final
	Evidence []stats.Evidence
	State    decision.State
	Health   decision.HealthData // of the data, as the decision saw it
	Stage    decision.StageData  // what the running stage had seen, likewise
}

// NewJudge starts a rollout. Shards are the logs of its source, by shard; a log's index
// among all is the origin of fast-lane partials, the shard's index that of label-lane
// partials.
//
// The fast lane waits for the logs that carry predictions or readings of resources: a
// window is judged once, with the rows of all of them. A topic of readings that falls
// silent holds nothing up for long: the shell advances a log that is idle. The label lane
// waits for the shards that have predictions or outcomes.
func NewJudge(spec *decision.Spec, plan *window.Plan, state decision.State, shards [][]schemas.Log) *Judge {
	j := &Judge{
		spec: spec, plan: plan, state: state,
		budget: spec.Budget(uint64(plan.Generation)),
		learn:  newLearner(spec, plan),
		at:     -1,
	}
	j.tests = newTests(spec, j.budget, plan)
	for l := range j.open {
		j.open[l] = map[schemas.Time]*window.Partial{}
		j.done[l] = plan.Start
	}
	for _, logs := range shards {
		label := origin{sealed: plan.Start}
		for _, l := range logs {
			asked, answered := l.Carries(schemas.KindPrediction), l.Carries(schemas.KindOutcome)
			j.origins[window.Fast] = append(j.origins[window.Fast], origin{
				counts: asked || l.Carries(schemas.KindResource), sealed: plan.Start, log: l, from: -1})
			label.counts = label.counts || asked || answered
		}
		j.origins[window.Label] = append(j.origins[window.Label], label)
	}
	j.exposed.startStage()
	j.heard = newHeard(spec, plan)
	j.health = decision.HealthData{Since: plan.Start, Mark: plan.Start, LastData: schemas.Unknown,
		LastArm: [2]schemas.Time{schemas.Unknown, schemas.Unknown}}
	return j
}

// Step takes a cut: within it partials go first, by (due time, lane, window,
// origin), then what routers, operators and the publisher said.
func (j *Judge) Step(in JudgeInput) Effects {
	j.foreign = in.Cut.Foreign
	slices.SortFunc(in.Partials, j.order)
	for i := range in.Partials {
		j.take(&in.Partials[i])
	}
	j.state = j.state.Apply(in.Applied) // a step that was applied dates the windows that follow
	var eff Effects
	eff.Windows = j.finish(in.Upto)
	eff.Plan, eff.PlanFrom = j.learn.freeze(j.plan, in.Cut.Wall)
	if eff.Plan != nil {
		j.plan = eff.Plan
		j.relearn()
	}
	in.Cut.Inputs, in.Cut.Told = j.inputs(), j.told()
	for _, t := range j.tests {
		eff.Evidence = t.Evidence(eff.Evidence)
	}
	eff.Evidence = j.silences(eff.Evidence)
	eff.Stage = j.stageData()
	j.state, eff.Verdict = decision.Decide(j.spec, j.state, decision.Input{
		Cut: in.Cut, Evidence: eff.Evidence, Stage: eff.Stage, Health: j.health, Faults: j.faults,
		Applied: in.Applied, Commands: in.Commands, Publish: in.Publish,
	})
	eff.State, eff.Health = j.state, j.health
	return eff
}

func (j *Judge) order(a, b window.Partial) int {
	return cmp.Or(
		cmp.Compare(j.due(a.Lane, a.End), j.due(b.Lane, b.End)),
		cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.End, b.End), cmp.Compare(a.Origin, b.Origin))
}

func (j *Judge) due(lane window.Lane, end schemas.Time) schemas.Time {
	if lane == window.Label {
		return end.Add(j.plan.Horizon)
	}
	return end
}

// take merges a partial into its window.
func (j *Judge) take(p *window.Partial) {
	o := &j.origins[p.Lane][p.Origin]
	o.sealed = p.End
	if p.Lane == window.Fast {
		o.seals = append(o.seals, sealed{p.End, p.To})
	}
	j.dig(p)
	if len(p.Cells) == 0 && !p.Gap && p.Late == [2]uint64{} && p.Unmatched+p.Mismatch == 0 {
		return
	}
	if w, ok := j.open[p.Lane][p.End]; ok {
		w.Merge(p)
		return
	}
	j.open[p.Lane][p.End] = p
}

// through is the end of the last window of a lane that is final and due.
func (j *Judge) through(lane window.Lane, upto schemas.Time) schemas.Time {
	if lane == window.Label {
		upto = upto.Add(-j.plan.Horizon)
	}
	for _, o := range j.origins[lane] {
		if o.counts {
			upto = min(upto, o.sealed)
		}
	}
	return upto
}

// next is the lane and end of the window that is final and due first; within
// equal due times the fast lane goes first.
func (j *Judge) next(through [window.Lanes]schemas.Time) (lane window.Lane, end schemas.Time, ok bool) {
	best := schemas.Never
	for l := range j.open {
		for e := range j.open[l] { // order-free: the least is taken
			due := j.due(window.Lane(l), e)
			if e <= through[l] && (!ok || due < best) {
				best, lane, end, ok = due, window.Lane(l), e, true
			}
		}
	}
	return lane, end, ok
}

// finish judges every window that is final and due, in order, and returns how many.
func (j *Judge) finish(upto schemas.Time) (n int) {
	var through [window.Lanes]schemas.Time
	for l := range through {
		through[l] = j.through(window.Lane(l), upto)
	}
	for {
		lane, end, ok := j.next(through)
		if !ok {
			break
		}
		w := j.open[lane][end]
		delete(j.open[lane], end)
		j.done[lane] = max(j.done[lane], end)
		j.window(lane, end, w)
		n++
	}
	for l, t := range through {
		if t != schemas.Never {
			j.done[l] = max(j.done[l], t)
		}
	}
	for l := range through {
		j.fill(window.Lane(l))
	}
	j.health.Mark = j.done[window.Fast]
	return n
}

// window shows a final window to every test, split by split.
func (j *Judge) window(lane window.Lane, end schemas.Time, w *window.Partial) {
	start := end.Add(-j.plan.Length)
	if w.Gap = w.Gap || j.inHole(lane, end); w.Gap && lane == window.Fast {
		j.tear(j.holeBegins(end), end)
	}
	served, byUnit := end, lane == window.Label && j.plan.ByUnit
	if byUnit {
		served = end.Add(j.plan.Horizon)
	}
	stage, clean := j.state.StageAt(start, served)
	j.enter(j.state.Stage)
	j.account(lane, end, w, stage, clean)
	var mute []bool
	if lane == window.Fast {
		j.learn.observe(w)
	} else {
		mute = j.listen(w)
	}
	for i := range w.Cells {
		c := &w.Cells[i]
		if j.alien(c) {
			continue // served under another generation: no evidence for this one
		}
		b := Block{Start: start, End: end, Lane: lane, Stage: stage, Clean: clean && !w.Gap, Gap: w.Gap,
			Revision: w.Revision, Mute: mute, Moved: byUnit && !clean, Stable: &c.Arms[0], Canary: &c.Arms[1]}
		if c.Stage >= 0 && int(c.Stage) < len(j.spec.Stages) {
			b.Clean = b.Clean && int(c.Stage) == stage
			b.Stage = int(c.Stage)
		}
		b.Share, b.Segment = j.share(c, stage), int(c.Segment)
		if b.Mirrored = j.spec.Mirrored(b.Stage); b.Mirrored {
			b.Share = 0 // nothing was split
		}
		if lane == window.Fast && j.plan.Sticky && c.Segment == 0 {
			b.First = j.expose(c, b.Clean && b.Stage == j.state.Stage)
		} else if lane == window.Fast && j.plan.Units && c.Segment == 0 && b.Clean && b.Stage == j.state.Stage {
			j.inStage(c)
		}
		for _, t := range j.tests {
			t.Observe(b)
		}
	}
}

// alien tells whether a cell was served under another generation of the rollout. In
// a recording the generations are those of its own time, and judged like any split.
func (j *Judge) alien(c *window.Cell) bool {
	return !j.foreign && c.Generation != 0 && c.Generation != j.plan.Generation
}

// share is the canary's share by declaration: of the stage that the events name;
// else, where routers follow the verdicts, of the stage that they acknowledged; else
// what the spec states for a recording. 0 = not declared.
func (j *Judge) share(c *window.Cell, stage int) float64 {
	switch {
	case c.Stage >= 0 && int(c.Stage) < len(j.spec.Stages):
		return j.state.ShareOf(j.spec, int(c.Stage))
	case !j.foreign && stage >= 0 && stage < len(j.spec.Stages):
		return j.state.ShareOf(j.spec, stage)
	}
	return j.spec.Share
}

// enter begins the account of another stage.
func (j *Judge) enter(stage int) {
	if stage == j.at {
		return
	}
	j.at = stage
	j.stage = decision.StageData{}
	j.health.Late, j.health.Seen, j.health.Incomplete = [2]int64{}, [2]int64{}, 0
	j.health.Units, j.health.Crossed, j.health.Pairs = [2]int64{}, 0, [2]int64{}
	j.faults = decision.Faults{}
	j.exposed.startStage()
	for _, t := range j.tests {
		t.StartStage(stage)
	}
}

func (j *Judge) stageData() decision.StageData {
	j.enter(j.state.Stage)
	return j.stage
}
