package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// A spec that changes while no engine runs ends its generation as one that changes under
// an engine: the old one says so, in the chain and in the journal, before the next begins.
// What changes nothing of the analysis ends none, and a third start says nothing again.
func TestASpecChangedWhileTheEngineWasDownSupersedesItsGeneration(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	p := launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"verdict acked"`, `"generation":1,"sequence":1`)
	p.stop(t)

	r.spec(t, "a", "weight: 20", "weight: 30")
	p = launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"verdict acked"`, `"generation":1,"sequence":2`)
	p.await(t, `"msg":"a generation begins"`, "the spec has changed")
	p.await(t, `"msg":"verdict acked"`, `"generation":2,"sequence":1`)
	p.stop(t)
	journalled(t, filepath.Join(r.dir, "state"), `"phase":"superseded"`, `"verb":"supersede"`)

	p = launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"rollout started"`, `"generation":2`)
	if strings.Contains(p.String(), "superseded") {
		t.Errorf("it is said again:\n%s", p)
	}
	p.stop(t)
	noGoroutinesLeft(t)
}
