package control

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"verdin/schemas"
)

// MaxRecent is how many verdicts a status remembers.
const MaxRecent = 50

// StaleAfter is how old the last cut of a live engine may be: it cuts every second.
const StaleAfter = 15 * time.Second

// Status is where one rollout stands, after one of its cuts.
type Status struct {
	Namespace string `json:"namespace"`
	Rollout   string `json:"rollout"`
	Engine    string `json:"engine,omitempty"`

	Phase      string       `json:"phase"` // one of the Phase constants of schemas
	Generation uint64       `json:"generation"`
	Stage      int          `json:"stage"`               // from 0; −1 before the first cut
	Stages     []int        `json:"stages"`              // the canary's weight in each, percent
	Gate       string       `json:"gate,omitempty"`      // "manual" if the stage waits for a promote
	Approvals  int          `json:"approvals,omitempty"` // people whose promote a manual gate needs
	Approvers  []string     `json:"approvers,omitempty"` // who spoke; all whose name is not proven are one, schemas.ActorUnproven
	CanaryBps  int          `json:"canary_weight_bps"`   // as ordered
	Stable     string       `json:"stable"`              // model versions
	Canary     string       `json:"canary"`
	EnteredAt  schemas.Time `json:"entered_at"` // cut wall at which the stage was decided
	Held       string       `json:"held,omitempty"`
	CatchingUp bool         `json:"catching_up,omitempty"`
	Fenced     bool         `json:"fenced,omitempty"` // another engine writes the verdicts
	DryRun     bool         `json:"dry_run,omitempty"`
	Rebuilding bool         `json:"rebuilding,omitempty"` // the engine reads the topics again up to where its journal ends: nothing is decided meanwhile, and gates hold as if it caught up

	Cut        int64           `json:"cut"`
	Wall       schemas.Time    `json:"wall"`      // of the cut
	Mark       schemas.Time    `json:"watermark"` // how far windows were judged
	Checks     []schemas.Check `json:"checks"`
	Missing    []string        `json:"missing"`               // for the next step forward
	ETASeconds int64           `json:"eta_seconds,omitempty"` // until it, if all goes on as now; 0 = not known

	Head      *schemas.Verdict `json:"head,omitempty"`   // the last verdict
	Served    *schemas.Verdict `json:"-"`                // the last that may be served: published, or a rollback; nil = none
	Published bool             `json:"published"`        // the head stands in NATS, under our signature
	Linked    bool             `json:"linked"`           // the engine reaches NATS now
	Stale     bool             `json:"stale,omitempty"`  // no cut for longer than StaleAfter
	Recent    []Line           `json:"recent,omitempty"` // the last verdicts, newest first
}

// GateText says what a manual gate waits for; "" if there is none.
func (st *Status) GateText() string {
	switch {
	case st.Gate != "manual" || st.Ended():
		return ""
	case st.Approvals < 2:
		return "the stage has a manual gate: it waits for a promote"
	}
	text := fmt.Sprintf("the stage has a manual gate: it waits for the promote of %d people, %d spoke", st.Approvals, len(st.Approvers))
	if len(st.Approvers) > 0 {
		text += ": " + strings.ReplaceAll(strings.Join(st.Approvers, ", "), schemas.ActorUnproven, "somebody by NATS")
	}
	return text
}

// Line is one verdict in a list.
type Line struct {
	Generation uint64       `json:"generation"`
	Sequence   uint64       `json:"sequence"`
	Time       schemas.Time `json:"time"`
	Verdict    string       `json:"verdict"`
	Phase      string       `json:"phase"`
	CanaryBps  int          `json:"canary_weight_bps"`
	Code       string       `json:"reason"`
	Message    string       `json:"message"`
	Actor      string       `json:"actor"`
}

func lineOf(v *schemas.Verdict) Line {
	return Line{v.Generation, v.Sequence, v.Time, v.Verdict, v.Phase, v.WeightOf(schemas.ArmCanary), v.Reason.Code, v.Reason.Message, v.Actor}
}

// Name is "namespace/rollout".
func (s *Status) Name() string { return s.Namespace + "/" + s.Rollout }

// Ended tells whether nothing more can happen to the rollout.
func (s *Status) Ended() bool {
	switch s.Phase {
	case schemas.PhaseRolledBack, schemas.PhaseAborted, schemas.PhaseSuperseded:
		return true
	}
	return false
}

func byName(a, b Status) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Rollout, b.Rollout))
}

// remember puts a verdict before those that came earlier.
func remember(recent []Line, v *schemas.Verdict) []Line {
	recent = slices.Insert(slices.Clone(recent), 0, lineOf(v))
	return recent[:min(len(recent), MaxRecent)]
}
