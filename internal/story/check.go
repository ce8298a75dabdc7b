package story

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

// Check compares what was seen with what the script says: every verdict must stand
// there, in order and in time, and nothing else may come. It returns what differs, one
// sentence each, with the line of the script.
func (s *Script) Check(t *Tale) (wrong []string) {
	told := t.Verdicts()
	for i := range max(len(s.sees), len(told)) {
		switch {
		case i >= len(told):
			wrong = append(wrong, fmt.Sprintf("%s:%d: not seen: %s", s.File, s.sees[i].Line, s.sees[i]))
		case i >= len(s.sees):
			wrong = append(wrong, fmt.Sprintf("%s: the script does not expect: %s", s.File, told[i]))
		default:
			if why := s.sees[i].differs(&told[i]); why != "" {
				wrong = append(wrong, fmt.Sprintf("%s:%d: %s: want %s, seen: %s", s.File, s.sees[i].Line, why, s.sees[i], told[i]))
			}
		}
	}
	for _, l := range s.looks {
		if why := l.differs(t); why != "" {
			wrong = append(wrong, fmt.Sprintf("%s:%d: at %v %s", s.File, l.Line, l.At, why))
		}
	}
	for _, n := range s.never {
		for _, v := range told {
			if n.broken(&v) {
				wrong = append(wrong, fmt.Sprintf("%s:%d: seen although it may never be: %s", s.File, n.Line, v))
			}
		}
	}
	return wrong
}

// String is a verdict on a timeline.
func (v Told) String() string {
	return fmt.Sprintf("%-8v %-8s canary %g%%  %s: %s", v.At, v.Verdict.Verdict, float64(v.WeightOf(schemas.ArmCanary))/100, v.Reason.Code, v.Reason.Message)
}

// differs says in what a verdict is not the one that is expected, "" = in nothing.
func (s *see) differs(v *Told) string {
	switch {
	case v.Verdict.Verdict != s.Verdict:
		return "another verdict"
	case v.Reason.Code != s.Reason:
		return "another reason"
	case v.At < s.From:
		return "too early"
	case v.At > s.To:
		return "too late"
	case s.Weight >= 0 && float64(v.WeightOf(schemas.ArmCanary)) != s.Weight*100:
		return "another weight"
	case s.Within > 0 && v.Served[1] > s.Within:
		return fmt.Sprintf("only after %d canary events", v.Served[1])
	}
	for _, text := range s.Texts {
		if !strings.Contains(v.Reason.Message, text) {
			return fmt.Sprintf("the message does not say %q", text)
		}
	}
	return ""
}

func (n *never) broken(v *Told) bool {
	if v.At < n.From || v.At >= n.To {
		return false
	}
	if n.Word == "" {
		return float64(v.WeightOf(schemas.ArmCanary)) > 100*n.Above
	}
	return v.Verdict.Verdict == n.Word || v.Reason.Code == n.Word
}

// differs answers a question about the state at a time.
func (l *look) differs(t *Tale) string {
	m, ok := t.before(l.At)
	if !ok {
		return "the engine had not looked yet"
	}
	got := ""
	switch l.What {
	case "phase":
		got = m.Out.State.Phase
	case "held":
		got = m.Out.State.Held
	case "reason":
		got = m.Out.State.Speaks()
	case "canary":
		got = "0"
		for _, v := range t.Verdicts() {
			if v.At <= l.At {
				got = fmt.Sprintf("%g", float64(v.WeightOf(schemas.ArmCanary))/100)
			}
		}
	case "shown":
		var all []string
		for _, e := range m.Out.Evidence {
			if e.Result == stats.Harm {
				all = append(all, e.Name+": "+strings.Join(e.Warnings, ", "))
			}
		}
		if got = cmp.Or(strings.Join(all, "; "), "nothing"); l.Text != "nothing" && strings.Contains(got, l.Text) {
			return ""
		}
	case "missing":
		var all []string
		for _, n := range decision.Missing(t.Script.Spec, m.Out.State, decision.Input{Cut: m.Cut, Evidence: m.Out.Evidence, Stage: m.Out.Stage, Health: m.Out.Health}) {
			all = append(all, n.Text)
		}
		if got = strings.Join(all, "; "); strings.Contains(got, l.Text) {
			return ""
		}
	}
	if got == l.Text {
		return ""
	}
	return fmt.Sprintf("the %s is %q, want %q", l.What, got, l.Text)
}

// before is the last look up to a time.
func (t *Tale) before(at time.Duration) (m Moment, ok bool) {
	for _, c := range t.Cuts {
		if c.At <= at {
			m, ok = c, true
		}
	}
	return m, ok
}
