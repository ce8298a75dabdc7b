package http

import (
	"fmt"

	"verdin/publish/control"
	"verdin/schemas"
)

// Answers of a gate.
const (
	answerHold     = "hold"
	answerAdvance  = "advance"
	answerPromote  = "promote"
	answerRollback = "rollback"
)

// Codes of a gate that cannot answer.
const (
	codeStale       = "stale"        // the engine has made no cut lately
	codeNATSAway    = "nats_away"    // what it says may not be what stands in NATS
	codeNoVerdict   = "no_verdict"   // none was given yet
	codeUnpublished = "unpublished"  // the last one does not stand in NATS yet
	codeDryRun      = "dry_run"      // the rollout's verdicts are not meant to be served
	codeOtherCanary = "other_canary" // it judges another version than the one that is asked about
	codeUnapplied   = "unapplied"    // of a hold: nobody serves yet what is ordered
	codeExpired     = "expired"      // the verdict is past its valid_until
)

// gateAnswer is what a gate says.
type gateAnswer struct {
	Answer  string // one of the answers; "" = none can be given
	Code    string // reason code of the verdict, or why there is no answer
	Message string
}

func shut(code, format string, args ...any) gateAnswer {
	return gateAnswer{Code: code, Message: fmt.Sprintf(format, args...)}
}

// judge answers a gate that serves a canary with a weight, in percent. It is a function
// of its arguments; every way out of it but the last two leaves the canary where it is.
func judge(st *control.Status, canary string, weight int, now schemas.Time) gateAnswer {
	v := st.Head
	switch {
	case st.Fenced:
		return shut(control.CodeFenced, "another engine writes the verdicts of %s", st.Name())
	case st.Stale:
		return shut(codeStale, "the engine has made no cut of %s for more than %v", st.Name(), control.StaleAfter)
	case !st.Linked:
		return shut(codeNATSAway, "the engine does not reach NATS: what it would say may not stand there")
	case v == nil:
		return shut(codeNoVerdict, "%s has no verdict yet", st.Name())
	case !st.Published:
		return shut(codeUnpublished, "verdict %d does not stand in NATS yet", v.Sequence)
	case v.DryRun || st.DryRun:
		return shut(codeDryRun, "%s is a dry run: its verdicts are not to be served", st.Name())
	case versionOf(v, schemas.ArmCanary) != canary:
		return shut(codeOtherCanary, "%s judges %.80q, not %.80q", st.Name(), versionOf(v, schemas.ArmCanary), canary)
	}
	a := gateAnswer{Answer: answerHold, Code: v.Reason.Code, Message: v.Reason.Message}
	ordered := v.WeightOf(schemas.ArmCanary)
	switch {
	case v.Verdict == schemas.VerdictRollback:
		a.Answer = answerRollback
	case v.Verdict == schemas.VerdictHold || st.Held != "":
	case st.CatchingUp:
		a.Code, a.Message = "catching_up", "the engine catches up with the stream"
	case ordered <= weight*100:
		a.Message = fmt.Sprintf("%g %% is ordered", float64(ordered)/100)
		if len(st.Missing) > 0 {
			a.Message += "; the next step still needs " + st.Missing[0]
		}
	case now > v.ValidUntil:
		return shut(codeExpired, "verdict %d was valid until %s: pause and resume the rollout, or ask more often", v.Sequence, v.ValidUntil)
	case st.Phase == schemas.PhasePromoted || st.Phase == schemas.PhaseCompleted:
		a.Answer = answerPromote
	default:
		a.Answer = answerAdvance
	}
	return a
}

func versionOf(v *schemas.Verdict, arm string) string {
	for _, r := range v.Routes {
		if r.Arm == arm {
			return r.ModelVersion
		}
	}
	return ""
}
