package log

import (
	"bytes"
	"encoding/json"
	"fmt"

	"verdin/schemas"
)

// Entry is a verdict with its payload.
type Entry struct {
	Verdict *schemas.Verdict
	Payload []byte
}

const askReplay = "replay the recording with its journal, the same spec and the same program; if it still differs, somebody else wrote it"

// Compare tells where what was published differs from what a replay decides: each
// published verdict must be one of the replay's, byte for byte, and of the replay's
// none may be missing but those that were never sent: decided again after the same
// one, or overtaken by a rollback. An error is a *Break.
func Compare(published, replayed []Entry) error {
	decided := map[string][][]byte{} // by id; a place may have been decided more than once
	for _, e := range replayed {
		id := e.Verdict.ID()
		decided[id] = append(decided[id], e.Payload)
	}
	have := map[string]bool{} // by digest
	for _, e := range published {
		id := e.Verdict.ID()
		have[schemas.Digest(e.Payload)] = true
		if !has(decided[id], e.Payload) {
			what := "the replay has no such verdict"
			if n := len(decided[id]); n > 0 {
				what = fmt.Sprintf("the replay decides otherwise: %q differs", differs(decided[id][n-1], e.Payload))
			}
			return &Break{id, what, askReplay}
		}
	}
	before := map[string]bool{"": true} // digests decided before, and what a first verdict follows
	for i, e := range replayed {
		digest := schemas.Digest(e.Payload)
		sent := have[digest] || unsent(e.Verdict, replayed[i+1:], have, before)
		before[digest] = true
		if !sent {
			return &Break{e.Verdict.ID(), "the replay decides it, but it was not published",
				"look in the engine's log what became of it; if the bucket lost it, a restart of the engine refills it"}
		}
	}
	return nil
}

func has(all [][]byte, payload []byte) bool {
	for _, b := range all {
		if bytes.Equal(b, payload) {
			return true
		}
	}
	return false
}

// unsent tells whether a later verdict shows that one was never sent: it goes on from
// one before it.
func unsent(v *schemas.Verdict, later []Entry, have, before map[string]bool) bool {
	for _, e := range later {
		l := e.Verdict
		if l.Namespace != v.Namespace || l.Rollout != v.Rollout || l.Generation != v.Generation {
			continue
		}
		if l.Sequence <= v.Sequence || before[l.PrevDigest] || l.Verdict == schemas.VerdictRollback && have[schemas.Digest(e.Payload)] {
			return true
		}
	}
	return false
}

// differs names the first member in which two payloads differ.
func differs(a, b []byte) string {
	x, y := members(a), members(b)
	for i, m := range x {
		if i >= len(y) || m.name != y[i].name || !bytes.Equal(m.value, y[i].value) {
			return m.name
		}
	}
	return "their bytes"
}

type member struct {
	name  string
	value json.RawMessage
}

// members reads an object whose syntax was checked, in its order.
func members(payload []byte) (all []member) {
	dec := json.NewDecoder(bytes.NewReader(payload))
	dec.Token()
	for dec.More() {
		name, _ := dec.Token()
		m := member{}
		m.name, _ = name.(string)
		if dec.Decode(&m.value) != nil {
			break
		}
		all = append(all, m)
	}
	return all
}
