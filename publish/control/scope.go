package control

import (
	"fmt"
	"slices"

	"verdin/schemas"
)

// Scope is what a principal may do; a greater one includes the lesser.
type Scope int

// Scopes.
const (
	Nothing Scope = iota
	Read          // see where rollouts stand
	Operate       // also pause, resume, rollback, kill, abort: nothing of that takes a step to the canary
	Admin         // also promote, and acknowledge in a router's name
)

var scopeNames = [...]string{"nothing", "read", "operate", "admin"}

func (s Scope) String() string { return scopeNames[s] }

// ParseScope reads "read", "operate" or "admin".
func ParseScope(s string) (Scope, error) {
	if i := slices.Index(scopeNames[:], s); i > 0 {
		return Scope(i), nil
	}
	return Nothing, fmt.Errorf("scope %.40q is none of read, operate, admin", s)
}

// Needs is the scope that a verb asks for; ok is false for what is no verb.
func Needs(verb string) (s Scope, ok bool) {
	switch verb {
	case schemas.VerbPause, schemas.VerbResume, schemas.VerbRollback, schemas.VerbKill, schemas.VerbAbort:
		return Operate, true
	case schemas.VerbPromote:
		return Admin, true
	}
	return Nothing, false
}

// Verbs lists every verb of an order.
func Verbs() []string {
	return []string{schemas.VerbPause, schemas.VerbResume, schemas.VerbPromote, schemas.VerbRollback, schemas.VerbKill, schemas.VerbAbort}
}

// Principal is who gives an order or asks.
type Principal struct {
	Name       string   // as the journal has it
	Scope      Scope    // what he may do
	Namespaces []string // where; "*" = everywhere
}

// May tells whether a principal may do what a scope allows in a namespace.
func (p Principal) May(s Scope, ns string) bool {
	return s > Nothing && p.Scope >= s && (slices.Contains(p.Namespaces, "*") || slices.Contains(p.Namespaces, ns))
}
