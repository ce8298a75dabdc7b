package telemetry

import "sync"

// Label names a dimension whose values are declared before they are used.
type Label string

const (
	Rollout Label = "rollout" // "namespace/name"
	Arm     Label = "arm"
	Check   Label = "check" // name of a metric's, a drift or a health check
	Phase   Label = "phase"
	Verdict Label = "verdict"
	Reason  Label = "reason" // stable code of a rejection or a verdict
	Topic   Label = "topic"
	Fate    Label = "fate" // what became of a row
)

// Other stands for every value that nobody declared.
const Other = "other"

// declared holds the lawful values of each label, in order of declaration.
type declared struct {
	mu     sync.RWMutex
	values map[Label][]string
	known  map[Label]map[string]bool
}

func newDeclared() *declared {
	return &declared{values: map[Label][]string{}, known: map[Label]map[string]bool{}}
}

func (d *declared) add(l Label, values ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[l] == nil {
		d.known[l] = map[string]bool{}
	}
	for _, v := range values {
		if v != "" && !d.known[l][v] {
			d.known[l][v] = true
			d.values[l] = append(d.values[l], v)
		}
	}
}

// bound returns v if it was declared for l, else Other.
func (d *declared) bound(l Label, v string) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.known[l][v] {
		return v
	}
	return Other
}

func (d *declared) all(l Label) []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return append([]string(nil), d.values[l]...)
}
