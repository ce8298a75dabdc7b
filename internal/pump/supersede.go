package pump

import (
	"fmt"

	"verdin/decision"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// Spec is that of the last generation of the journal, nil if there is none.
func (s *Store) Spec() (*decision.Spec, error) {
	if s.script.Activation == nil {
		return nil, nil
	}
	spec, err := decision.Parse([]byte(s.script.Activation.Spec), "the spec in the journal")
	if err != nil {
		return nil, fmt.Errorf("the last generation has no word: %w", err)
	}
	return spec, nil
}

// Supersede ends a generation whose spec changed while no engine ran, as Run ends one
// whose spec changes under it: the order is journalled with the last cut, which says that
// another generation begins. It judges nothing that came since: the cut is made with the
// clock and the positions of the one before. A generation that has ended says nothing.
func (l *Live) Supersede(logs [][]schemas.Log, at schemas.Time) error {
	l.From.Rest = nil
	l.begin(logs)
	if l.Store.Superseded() {
		return nil
	}
	l.next.Commands = append(l.next.Commands, journal.Command(decision.Superseding(at)))
	return l.finish()
}
