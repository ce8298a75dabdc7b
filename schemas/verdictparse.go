package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// MaxVerdict is the greatest size of a payload in bytes; NATS itself allows 1 MiB.
	MaxVerdict = 512 << 10
	maxDepth   = 8
)

// required are the members that every verdict has: all but sticky.
var required = []string{
	"namespace", "rollout", "verdict", "phase", "generation", "sequence", "prev_digest", "routes", "kill_switch",
	"stage", "reason", "checks", "next", "valid_until", "on_expiry", "inputs", "spec_digest", "rules_version",
	"dry_run", "actor", "time",
}

// ParseVerdict reads a payload. Unknown members are ignored, so that an older
// router understands a newer engine; a missing or repeated member, a name that
// is not lower-case ASCII, or an order that contradicts itself is an error.
func ParseVerdict(payload []byte) (*Verdict, error) {
	v := &Verdict{}
	if err := parse("verdict", payload, MaxVerdict, required, v); err != nil {
		return nil, err
	}
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("verdict: %w", err)
	}
	return v, nil
}

// parse reads one JSON object of at most limit bytes into v.
func parse(what string, payload []byte, limit int, required []string, v any) error {
	if len(payload) > limit {
		return fmt.Errorf("%s: %d bytes, the limit is %d", what, len(payload), limit)
	}
	if !utf8.Valid(payload) {
		return fmt.Errorf("%s: not valid UTF-8", what)
	}
	if err := json.Unmarshal(payload, v); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	have, err := memberNames(payload)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	for _, name := range required {
		if !slices.Contains(have, name) {
			return fmt.Errorf("%s: member %q is missing", what, name)
		}
	}
	return nil
}

// memberNames walks valid JSON and returns the members of the outermost object.
// It refuses what encoding/json would read in a way of its own: repeated names,
// and names that match a field only when case is ignored.
func memberNames(payload []byte) ([]string, error) {
	type level struct {
		object bool
		names  []string
		inPair bool // the name was read, its value comes next
	}
	var stack []level
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.UseNumber()
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		top := len(stack) - 1
		if name, ok := tok.(string); ok && top >= 0 && stack[top].object && !stack[top].inPair {
			if err := checkMember(name, stack[top].names); err != nil {
				return nil, err
			}
			stack[top].names = append(stack[top].names, name)
			stack[top].inPair = true
			continue
		}
		if top >= 0 {
			stack[top].inPair = false
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			if len(stack) == maxDepth {
				return nil, fmt.Errorf("nested deeper than %d", maxDepth)
			}
			stack = append(stack, level{object: tok == json.Delim('{')})
		case json.Delim('}'), json.Delim(']'):
			if top == 0 {
				return stack[0].names, nil
			}
			stack = stack[:top]
		default:
			if top < 0 {
				return nil, fmt.Errorf("not an object")
			}
		}
	}
}

func checkMember(name string, before []string) error {
	odd := func(r rune) bool { return r >= utf8.RuneSelf || r >= 'A' && r <= 'Z' }
	if strings.ContainsFunc(name, odd) {
		return fmt.Errorf("member name %.80q is not lower-case ASCII", name)
	}
	if slices.Contains(before, name) {
		return fmt.Errorf("member %.80q stands twice", name)
	}
	return nil
}

// check tells whether the order makes sense in itself.
func (v *Verdict) check() error {
	if err := CheckLabel("namespace", v.Namespace); err != nil {
		return err
	}
	if err := CheckLabel("rollout", v.Rollout); err != nil {
		return err
	}
	if !slices.Contains(Verdicts(), v.Verdict) {
		return fmt.Errorf("verdict %.80q is none of advance, hold, promote, rollback", v.Verdict)
	}
	if !slices.Contains(Phases(), v.Phase) {
		return fmt.Errorf("unknown phase %.80q", v.Phase)
	}
	if v.Generation == 0 || v.Sequence == 0 {
		return fmt.Errorf("generation %d, sequence %d: both count from 1", v.Generation, v.Sequence)
	}
	if v.OnExpiry != ExpiryStable && v.OnExpiry != ExpiryHold {
		return fmt.Errorf("on_expiry %.80q is neither stable nor hold", v.OnExpiry)
	}
	return v.checkRoutes()
}

// checkRoutes wants the canary, then stable, together WeightTotal; a rollback
// or a kill switch leaves the canary nothing.
func (v *Verdict) checkRoutes() error {
	r := v.Routes
	if len(r) != 2 || r[0].Arm != ArmCanary || r[1].Arm != ArmStable {
		return fmt.Errorf("routes must be canary, then stable")
	}
	c, s := r[0].WeightBps, r[1].WeightBps
	if c < 0 || s < 0 || c > WeightTotal || s > WeightTotal || c+s != WeightTotal {
		return fmt.Errorf("weights %d and %d: both must be in 0 to %d and their sum %[3]d", c, s, WeightTotal)
	}
	if c != 0 && (v.Verdict == VerdictRollback || v.KillSwitch) {
		return fmt.Errorf("weight %d for the canary contradicts a rollback or kill switch", c)
	}
	return nil
}
