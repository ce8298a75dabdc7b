package schemas

import "fmt"

// Verbs of a command.
const (
	VerbPause    = "pause"    // hold the weights until a resume
	VerbResume   = "resume"   // end a pause, or the hold of a signal
	VerbPromote  = "promote"  // take the next step forward now
	VerbRollback = "rollback" // end the rollout: all traffic to stable
	VerbKill     = "kill"     // the same, and routers serve stable without any ramp
	VerbAbort    = "abort"    // end the rollout as a mistake of the operator
)

// Command is an operator's order to one rollout, as it is recorded among the
// inputs: a replay obeys it again.
type Command struct {
	Namespace string `json:"namespace"`
	Rollout   string `json:"rollout"`
	Verb      string `json:"verb"`             // one of the Verb constants
	Actor     string `json:"actor"`            // who gave it
	Reason    string `json:"reason,omitempty"` // in the actor's words
	At        Time   `json:"at"`               // when it was given
}

// AppendJSON appends the canonical form.
func (c *Command) AppendJSON(dst []byte) []byte {
	return appendObject(dst, func(w *writer) {
		w.text("namespace", c.Namespace)
		w.text("rollout", c.Rollout)
		w.text("verb", c.Verb)
		w.text("actor", c.Actor)
		w.optional("reason", c.Reason)
		w.instant("at", c.At)
	})
}

const (
	maxCommand = 16 << 10 // bytes of a command
	maxActor   = 128      // bytes of the actor's name
	maxReason  = 4 << 10  // bytes of the reason
)

// ParseCommand reads what AppendJSON writes; unknown members are ignored.
func ParseCommand(payload []byte) (*Command, error) {
	c := &Command{}
	if err := parse("command", payload, maxCommand, []string{"namespace", "rollout", "verb", "actor", "at"}, c); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	return c, nil
}

func (c *Command) check() error {
	if err := CheckLabel("namespace", c.Namespace); err != nil {
		return err
	}
	if err := CheckLabel("rollout", c.Rollout); err != nil {
		return err
	}
	switch c.Verb {
	case VerbPause, VerbResume, VerbPromote, VerbRollback, VerbKill, VerbAbort:
	default:
		return fmt.Errorf("verb %.80q is none of pause, resume, promote, rollback, kill, abort", c.Verb)
	}
	if c.Actor == "" || len(c.Actor) > maxActor {
		return fmt.Errorf("actor has %d bytes: name who gives the order, in 1 to %d bytes", len(c.Actor), maxActor)
	}
	if len(c.Reason) > maxReason {
		return fmt.Errorf("reason has %d bytes: use at most %d", len(c.Reason), maxReason)
	}
	if c.At == Never || c.At == Unknown {
		return fmt.Errorf("at %s is no instant", c.At)
	}
	return nil
}

// ActorUnproven begins the name of an operator who only claims it: that somebody with the
// right to order did so is proven, who it was is not.
const ActorUnproven = "nats/"
