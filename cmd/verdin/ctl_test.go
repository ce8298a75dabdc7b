package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"
)

// An operator's day: every command answers with what became of the order, the journal
// keeps who gave it, and the exit code tells a script where the rollout stands.
func TestOperatorsCommandARunningRollout(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	p := launch(t, "run", "-c", r.config)
	p.await(t, "verdict acked", "default/a")
	ask := func(args ...string) result { return verdin(t, append(args, "--nats", r.natsURL())...) }

	got := ask("status")
	answers(t, got, exitOK, "default/a", "running", "1 of 2", "20 %", "verdin")
	got = ask("pause", "a", "--reason", "a look at the logs")
	answers(t, got, exitOK, "accepted at cut ", "is hold, the rollout is paused")
	answers(t, ask("status", "a"), exitUndecided, "default/a, generation 1: paused (paused)", "last verdict: 2, hold, paused", "missing for the next step: ")
	answers(t, ask("promote", "default/a", "--reason", "no gate here"), exitOK, "accepted at cut ", "no verdict followed")
	answers(t, ask("resume", "a", "--reason", "all well"), exitOK, "accepted at cut ", "advance")
	answers(t, ask("kill", "a", "--reason", "bad answers"), exitOK, "is rollback, the rollout is rolled_back")
	answers(t, ask("status", "a", "-o", "json"), exitRollback, `"phase": "rolled_back"`, `"kill_switch": true`, "ordered kill: bad answers")
	answers(t, ask("resume", "a", "--reason", "too late"), exitRuntime, "resume default/a is refused (ended)")
	answers(t, ask("watch", "a"), exitRollback, "default/a  rollback  canary 0 %  command: nats/", "ordered kill: bad answers")
	p.await(t, "verdict acked", "default/a", `"sequence":4`)
	answers(t, ask("explain", "a"), exitOK, "ROLLBACK", "What would have changed it: no command.")
	answers(t, ask("explain", "a", "-o", "markdown"), exitOK, "## default/a: rollback", "Canary 0 %")
	answers(t, ask("explain", "a", "-o", "json"), exitOK, `"remedy": "nothing"`, `"what_would_have_changed_it": "What would have changed it: no command."`)

	if code := p.stop(t); code != exitOK && code != exitInterrupt {
		t.Errorf("exit code %d", code)
	}
	answers(t, ask("kill", "a", "--reason", "again"), exitRuntime, "no engine answers")
	answers(t, ask("explain", "a"), exitOK, "ROLLBACK")
	p = launch(t, "run", "-c", r.config) // an engine that finds the rollout ended still tells of it
	url := address(t, p)
	p.await(t, "rollout ended before")
	answers(t, ask("status", "a"), exitRollback, "rolled_back", "last verdict: 4, rollback", "what stands here is old")
	answers(t, ask("resume", "a", "--reason", "too late"), exitRuntime, "refused (ended)")
	if _, file := get(t, url+"/flagd/v1/flags.json"); !containsAll(file, []string{`"default.a"`, `"rolled_back"`}) {
		t.Errorf("an ended rollout has no flag: %s", file)
	}
	p.stop(t)
	journalled(t, filepath.Join(r.dir, "state"), `"verb":"pause"`, `"verb":"kill"`, `"reason":"bad answers"`, `"actor":"nats/`)
	noGoroutinesLeft(t)
}

// answers checks the exit code of a command and what it says on standard output, or on
// the other if it refuses.
func answers(t *testing.T, got result, code int, parts ...string) {
	t.Helper()
	text := got.out
	if code == exitRuntime || code == exitUsage {
		text = got.diag
	}
	if got.code != code || !containsAll(text, parts) {
		t.Errorf("exit code %d, want %d; %q is not all in\n%.3000s%s", got.code, code, parts, got.out, got.diag)
	}
}

// journalled fails if a text stands in no file of the state folder.
func journalled(t *testing.T, dir string, texts ...string) {
	t.Helper()
	var all strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	}))
	for _, text := range texts {
		if !strings.Contains(all.String(), text) {
			t.Errorf("no %s in the journal", text)
		}
	}
}

// Where operators are listed only their signature counts, and it proves the name.
func TestListedOperatorsSign(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	key, err := nkeys.CreateUser()
	must(t, err)
	seed, err := key.Seed()
	must(t, err)
	id, err := key.PublicKey()
	must(t, err)
	file := write(t, r.dir, "ann.seed", string(seed))
	write(t, r.dir, "operators", "ann operate default "+id+"\n")
	must(t, os.Chmod(filepath.Join(r.dir, "operators"), 0o600))
	config := write(t, r.dir, "verdin.yaml", r.engineFile()+"control: {operatorsFile: operators}\n")
	p := launch(t, "run", "-c", config)
	p.await(t, "verdict acked", "default/a")
	answers(t, verdin(t, "pause", "a", "--reason", "x", "--nats", r.natsURL()), exitRuntime, "refused (not_allowed)", "signed orders only")
	answers(t, verdin(t, "pause", "a", "--reason", "x", "--nats", r.natsURL(), "--sign", file), exitOK, "accepted at cut ")
	answers(t, verdin(t, "promote", "a", "--reason", "x", "--nats", r.natsURL(), "--sign", file), exitRuntime, "ann may not promote")
	p.stop(t)
	journalled(t, filepath.Join(r.dir, "state"), `"actor":"ann"`)
}

func TestOperatorCommandsRefuseWhatMakesNoSense(t *testing.T) {
	answers(t, verdin(t, "kill", "a"), exitUsage, "kill wants --reason TEXT")
	answers(t, verdin(t, "kill"), exitUsage, "kill wants one rollout, got 0")
	answers(t, verdin(t, "kill", "A b", "--reason", "x"), exitUsage, `rollout "A b" is not a DNS-1123 label`)
	answers(t, verdin(t, "status", "-o", "xml"), exitUsage, "use text or json")
	answers(t, verdin(t, "watch", "--every", "1ms"), exitUsage, "at least 100ms")
	answers(t, verdin(t, "explain", "no such file"), exitUsage, "is no file, and no rollout")
	answers(t, verdin(t, "explain", "a", "-o", "xml"), exitUsage, "use text, json or markdown")
	answers(t, verdin(t, "kill", "a", "--reason", "x", "--sign", "/nowhere"), exitUsage, "the seed that signs")
	answers(t, verdin(t, "kill", "a", "--reason", "x", "--http", "localhost"), exitRuntime, "is no address of an engine")
	answers(t, verdin(t, "status", "--nats", "nats://127.0.0.1:1"), exitRuntime, "no server answers")
	good := filepath.Join("..", "..", "testdata", "events", "verdict.json")
	answers(t, verdin(t, "explain", good), exitOK, "prod/recsys, generation 3, verdict 7: ADVANCE")
	answers(t, verdin(t, "explain", good, "--sequence", "8"), exitRuntime, "verdict.json: it holds no verdict with sequence 8")
	answers(t, verdin(t, "explain", write(t, t.TempDir(), "empty.jsonl", "")), exitRuntime, "empty.jsonl: it holds no verdict\n")
}
