package router

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"verdin/schemas"
)

// keeping makes a bench whose router has a state file.
func keeping(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.r.cfg.StateFile = filepath.Join(t.TempDir(), "state.json")
	return b
}

// restart writes the state as the worker does and begins with a new router.
func (b *bench) restart() []error {
	b.t.Helper()
	if err := b.r.save(); err != nil {
		b.t.Fatal(err)
	}
	return b.crash()
}

// crash begins with a new router on the state file as it is; it returns what the
// router complained of.
func (b *bench) crash() (complaints []error) {
	b.t.Helper()
	cfg := b.r.cfg
	cfg.OnError = func(err error) { complaints = append(complaints, err) }
	r, err := New(cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.r, b.l = r, r.lanes["prod/recsys"]
	return complaints
}

func TestRestartServesWhatWasServed(t *testing.T) {
	b := keeping(t)
	b.deliver(b.make(1000))
	second := b.make(2500)
	b.deliver(second)
	b.now = noon.Add(10 * time.Minute)
	b.beat(b.now, second)
	b.r.unsaved.Store(true) // as the worker does every minute
	if errs := b.restart(); errs != nil {
		t.Fatal(errs)
	}
	b.serves("after a restart without NATS", 2500)
	if s := b.status(); s.Served != 2 || s.Sequence != 2 || s.Deadline != noon.Add(25*time.Minute) {
		t.Errorf("status %+v", s)
	}
	if a, ok := b.l.unacknowledged(); !ok || a.Sequence != 2 || a.Generation != 1 {
		t.Errorf("acknowledgement %+v: it may have been lost with the process", a)
	}
	b.now = noon.Add(25*time.Minute + 1)
	b.serves("after its deadline", 0)
	b.now = noon.Add(11 * time.Minute)
	if got := b.deliver(b.make(5000)); got != accepted {
		t.Errorf("the next of the chain: outcome %d", got)
	}
}

func TestRestartKeepsAWaitingStepWaiting(t *testing.T) {
	b := keeping(t)
	b.deliver(b.make(1000, func(v *schemas.Verdict) { v.ValidUntil = noon.Add(-time.Hour) }))
	b.restart()
	b.serves("nothing was served before", 0)
	if s := b.status(); s.Sequence != 1 || s.Served != 0 || !s.Waiting {
		t.Errorf("status %+v", s)
	}
	b.beat(noon, b.head)
	b.serves("after a heartbeat", 1000)
	b.now = noon.Add(time.Minute)
	b.deliver(b.make(2500)) // the engine is silent: it waits
	b.restart()
	b.serves("the step still waits at", 1000)
	if s := b.status(); s.Sequence != 2 || s.Served != 1 {
		t.Errorf("status %+v", s)
	}
}

func TestRestartDoesNotGoBackInTheChain(t *testing.T) {
	b := keeping(t)
	step := b.make(2500)
	b.deliver(step)
	b.deliver(b.make(0, rollback))
	b.restart()
	if got := b.deliver(step); got != older {
		t.Errorf("a bucket that went back in time: outcome %d, want older", got)
	}
	b.serves("after the rollback", 0)
}

func TestKillSwitchSurvivesARestart(t *testing.T) {
	b := keeping(t)
	b.deliver(b.make(2500))
	if err := b.r.Kill("prod/recsys", true); err != nil {
		t.Fatal(err)
	}
	b.restart()
	b.serves("killed", 0)
	if err := b.r.Kill("prod/recsys", false); err != nil {
		t.Fatal(err)
	}
	b.restart()
	b.serves("released", 2500)
}

func TestStateFileThatCannotBeUsedServesStable(t *testing.T) {
	for what, spoil := range map[string]func(string) string{
		"cut off":            func(s string) string { return s[:len(s)/2] },
		"empty":              func(string) string { return "" },
		"of another version": func(s string) string { return strings.Replace(s, `"format":1`, `"format":2`, 1) },
		"changed weight":     func(s string) string { return strings.ReplaceAll(s, "2500", "9500") },
		"other rollout":      func(s string) string { return strings.ReplaceAll(s, `\"recsys\"`, `\"search\"`) },
		"no payload":         func(s string) string { return strings.ReplaceAll(s, `"payload":`, `"pay":`) },
	} {
		b := keeping(t)
		b.deliver(b.make(2500))
		if err := b.r.save(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(b.r.cfg.StateFile)
		if err != nil {
			t.Fatal(err)
		}
		spoilt := spoil(string(data))
		if spoilt == string(data) {
			t.Fatalf("%s: the test spoils nothing", what)
		}
		if err := os.WriteFile(b.r.cfg.StateFile, []byte(spoilt), 0o600); err != nil {
			t.Fatal(err)
		}
		if errs := b.crash(); len(errs) != 1 {
			t.Errorf("%s: complaints %v", what, errs)
		}
		b.serves(what, 0)
	}
}

func TestKeyThatIsTrustedNoLongerIsNotRestored(t *testing.T) {
	b := keeping(t)
	b.deliver(b.make(2500))
	_, other := newKeyPair(t)
	b.r.cfg.Trusted = []string{other}
	if errs := b.restart(); len(errs) != 1 {
		t.Errorf("complaints %v", errs)
	}
	b.serves("signed by a key that was taken away", 0)
}

func TestStateThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	b := keeping(t)
	b.deliver(b.make(2500))
	file := b.r.cfg.StateFile
	b.r.cfg.StateFile = filepath.Join(file, "absent", "state.json")
	if b.r.save() == nil {
		t.Fatal("saved in a folder that is not there")
	}
	b.r.cfg.StateFile = file
	b.restart()
	b.serves("after the second try", 2500)
	left, err := filepath.Glob(file + "*")
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

// A state file may be anything: a router starts all the same.
func FuzzStateFile(f *testing.F) {
	seed := newBench(f)
	seed.r.cfg.StateFile = filepath.Join(f.TempDir(), "seed.json")
	seed.deliver(seed.make(2500))
	if err := seed.r.save(); err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(seed.r.cfg.StateFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	b := newBench(f)
	b.r.cfg.StateFile = filepath.Join(f.TempDir(), "state.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		b.t = t
		if err := os.WriteFile(b.r.cfg.StateFile, data, 0o600); err != nil {
			t.Fatal(err)
		}
		b.crash()
		if s := b.status(); s.WeightBps != 0 && s.WeightBps != 2500 {
			t.Fatalf("weight %d was never signed", s.WeightBps)
		}
	})
}
