package story

import (
	"math"
	"strings"
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// told plays a story of the folder.
func told(t *testing.T, name string) *Tale {
	t.Helper()
	s, err := Load(folder + "/" + name + ".story")
	if err != nil {
		t.Fatal(err)
	}
	tale, err := Play(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return tale
}

// Each law says no when what it promises is broken in a tale that was right.
func TestLawsBite(t *testing.T) {
	t.Parallel()
	ramp, back := told(t, "canary-ramp"), told(t, "killed-in-the-middle")
	verdict := func(v *Told, change func(*schemas.Verdict)) {
		changed := *v.Verdict
		changed.Routes = append([]schemas.Route(nil), v.Routes...)
		change(&changed)
		*v.Verdict = changed
	}
	weigh := func(bps int) func(*schemas.Verdict) {
		return func(v *schemas.Verdict) { v.Routes[0].WeightBps, v.Routes[1].WeightBps = bps, 10000-bps }
	}
	for _, c := range []struct {
		name  string
		tale  *Tale
		at    int // verdict
		spoil func(m *Moment, v *Told)
		want  string
	}{
		{"a jump over a stage", ramp, 1, func(_ *Moment, v *Told) { verdict(v, weigh(9500)) }, "leads 2000 → 9500"},
		{"a step back that is no rollback", ramp, 2, func(_ *Moment, v *Told) { verdict(v, weigh(1000)) }, "leads 5000 → 1000"},
		{"a rollback that leaves some", back, -1, func(_ *Moment, v *Told) { verdict(v, weigh(100)) }, "a rollback leaves 100"},
		{"a rollback without harm", back, -1, func(m *Moment, _ *Told) { m.Out.Evidence = nil }, "without grounds"},
		{"a sequence twice", ramp, 2, func(_ *Moment, v *Told) { verdict(v, func(v *schemas.Verdict) { v.Sequence-- }) }, "given twice"},
		{"a broken chain", ramp, 2, func(_ *Moment, v *Told) {
			verdict(v, func(v *schemas.Verdict) { v.PrevDigest = "sha256:0" })
		}, "follows one that was never given"},
		{"old news", ramp, 1, func(m *Moment, _ *Told) { m.Cut.CatchingUp = true }, "on old news"},
		{"old windows", ramp, 1, func(m *Moment, _ *Told) { m.Out.Health.Mark = m.Out.Health.Mark.Add(-time.Hour) }, "windows that are"},
		{"too short a bake", ramp, 1, func(m *Moment, _ *Told) { m.Out.Stage.Bake = time.Minute }, "after 1m0s of 3m0s"},
		{"a stage that nobody served", ramp, 1, func(m *Moment, _ *Told) { m.Out.State.History = nil }, "before every router served"},
		{"paused", ramp, 1, func(m *Moment, _ *Told) { m.Out.State.Paused = true }, "while paused"},
		{"safety not shown", ramp, 1, func(m *Moment, _ *Told) { spoil(m, "safe_stage", func(e *stats.Evidence) { e.LogE = 0 }) }, "is not shown"},
		{"safety not a number", ramp, 1, func(m *Moment, _ *Told) { spoil(m, "safe", func(e *stats.Evidence) { e.LogE = math.NaN() }) }, "no number"},
		{"harm shown", ramp, 1, func(m *Moment, _ *Told) {
			spoil(m, "harm", func(e *stats.Evidence) { e.Result, e.LogEMax = stats.Harm, 99 })
		}, "shows harm"},
		{"nothing said of a guardrail", ramp, 1, func(m *Moment, _ *Told) { m.Out.Evidence = nil }, "nothing speaks for errors"},
	} {
		changed := *c.tale
		changed.Cuts = append([]Moment(nil), c.tale.Cuts...)
		n := c.at
		for i := range changed.Cuts {
			m := &changed.Cuts[i]
			if m.Out.Verdict == nil {
				continue
			}
			if c.at < 0 && m.Out.Verdict.Verdict == schemas.VerdictRollback || n == 0 {
				v := *m.Out.Verdict
				m.Out.Verdict = &v
				m.Out.Evidence = append([]stats.Evidence(nil), m.Out.Evidence...)
				c.spoil(m, &Told{*m, &v})
			}
			n--
		}
		if got := strings.Join(changed.Check(), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s: want %q, the laws say %q", c.name, c.want, got)
		}
	}
	if got := append(ramp.Check(), back.Check()...); len(got) > 0 {
		t.Errorf("unspoilt: %q", got)
	}
}

func spoil(m *Moment, test string, change func(*stats.Evidence)) {
	for i := range m.Out.Evidence {
		if m.Out.Evidence[i].Test == test {
			change(&m.Out.Evidence[i])
		}
	}
}

// What is given again must be the same, to the byte: one record more or less in a topic,
// or one cut less in the journal, is another story.
func TestAgainBites(t *testing.T) {
	t.Parallel()
	tale := told(t, "killed-in-the-middle")
	if err := tale.Again(t.Context()); err != nil {
		t.Fatal(err)
	}
	topic := tale.world.broker.topics[0]
	for i := range topic {
		if i%3 == 0 {
			topic[i].lost = true
		}
	}
	if err := tale.Again(t.Context()); err == nil {
		t.Error("a third of the records is missing, and the same is decided")
	}
}
