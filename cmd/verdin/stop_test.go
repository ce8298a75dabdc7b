package main

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// An engine ends when it is told to, whatever its servers do, and leaves nothing
// behind.
func TestRunStopsWhenItsServersAreAway(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	p := launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"verdict acked"`, "default/a")
	r.nats.Shutdown()
	r.kafka.Close()
	p.await(t, `"level":"ERROR"`, "connection lost, reconnecting")
	if code := p.stop(t); code != exitOK {
		t.Errorf("exit code %d after a signal:\n%s", code, p)
	}
	noGoroutinesLeft(t)
}

// A command that is interrupted says so by its exit code, and leaves nothing behind.
func TestInterruptedCommandsEnd(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()) // the demo's servers keep their files there
	t.Run("demo", func(t *testing.T) {
		p := launch(t, "demo")
		p.out.await(t, "started: ")
		if code := p.stop(t); code != exitInterrupt || p.String() != "" {
			t.Errorf("exit code %d: %s", code, p)
		}
	})
	t.Run("demo that stays", func(t *testing.T) {
		p := launch(t, "demo", "--scenario", "drift", "--stay")
		p.out.await(t, "The servers stay up: Ctrl-C ends.")
		if code := p.stop(t); code != exitOK || p.String() != "" {
			t.Errorf("exit code %d: %s", code, p)
		}
	})
	t.Run("simulate", func(t *testing.T) {
		p := launch(t, "simulate", "--out", filepath.Join(t.TempDir(), "good.ndjson"))
		p.out.await(t, "started: ")
		if code := p.stop(t); code != exitInterrupt || p.String() != "" {
			t.Errorf("exit code %d: %s", code, p)
		}
	})
	t.Run("replay", func(t *testing.T) {
		_, spec := recorded(t, t.TempDir(), "d.ndjson")
		pipe := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Fatal(err)
		}
		p := launch(t, "replay", pipe, "--spec", spec)
		w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // waits until replay reads
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if code := p.stop(t); code != exitInterrupt || p.String() != "" {
			t.Errorf("exit code %d: %s", code, p)
		}
	})
	noGoroutinesLeft(t)
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("the demo left %v, %v", left, err)
	}
}
