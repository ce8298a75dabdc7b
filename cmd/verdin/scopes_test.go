package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"
)

// ways are how an operator of each scope reaches an engine: the flags that log him in.
type ways map[string][]string

// staff writes an access file with one principal of each scope for NATS and one for HTTP,
// and returns their flags.
func (r *rig) staff(t *testing.T) (overNATS, overHTTP ways) {
	t.Helper()
	overNATS, overHTTP = ways{}, ways{}
	var lines strings.Builder
	for _, scope := range []string{"read", "operate", "admin"} {
		key, err := nkeys.CreateUser()
		must(t, err)
		seed, err := key.Seed()
		must(t, err)
		id, err := key.PublicKey()
		must(t, err)
		token := strings.Repeat(scope, 10)
		fmt.Fprintf(&lines, "nats-%s %s default %s\n", scope, scope, id)
		fmt.Fprintf(&lines, "http-%s %s default sha256:%x\n", scope, scope, sha256.Sum256([]byte(token)))
		overNATS[scope] = []string{"--nats", r.natsURL(), "--sign", write(t, r.dir, scope+".seed", string(seed))}
		overHTTP[scope] = []string{"--token-file", write(t, r.dir, scope+".token", token)}
	}
	must(t, os.Chmod(write(t, r.dir, "staff", lines.String()), 0o600))
	return overNATS, overHTTP
}

// Every command, over NATS and over HTTP, with the scope that it asks for and with the
// one below: who may not is told his name and the scope that is needed.
func TestEachCommandAsksForItsScope(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		r.spec(t, name)
	}
	overNATS, overHTTP := r.staff(t)
	config := write(t, r.dir, "verdin.yaml", r.engineFile(`"127.0.0.1:0"`, `"127.0.0.1:0", tokensFile: staff`)+"control: {operatorsFile: staff}\n")
	p := launch(t, "run", "-c", config)
	url := address(t, p)
	for scope := range overHTTP {
		overHTTP[scope] = append(overHTTP[scope], "--http", url)
	}
	for range 4 {
		p.await(t, "verdict acked") // in any order
	}
	for _, way := range []struct {
		name, rolledBack, killed string // the way, and the rollouts that end on it
		login                    ways
	}{{"nats", "a", "b", overNATS}, {"http", "c", "d", overHTTP}} {
		ask := func(scope, verb, rollout string) result {
			args := []string{verb, rollout}
			if verb != "status" && verb != "watch" {
				args = append(args, "--reason", "a test")
			}
			return verdin(t, append(args, way.login[scope]...)...)
		}
		for _, x := range []struct{ scope, verb, needs string }{
			{"read", "pause", "operate"}, {"read", "resume", "operate"}, {"read", "rollback", "operate"}, {"read", "kill", "operate"},
			{"read", "promote", "admin"}, {"operate", "promote", "admin"},
		} {
			answers(t, ask(x.scope, x.verb, way.killed), exitRuntime, "refused (not_allowed)",
				fmt.Sprintf("%s-%s may not %s", way.name, x.scope, x.verb), "asks for the scope "+x.needs)
		}
		answers(t, ask("read", "status", way.killed), exitOK, "generation 1: running", "20 %")
		for _, x := range []struct{ scope, verb, rollout, says string }{
			{"operate", "pause", way.killed, "the rollout is paused"},
			{"operate", "resume", way.killed, "accepted at cut "},
			{"admin", "promote", way.killed, "no verdict followed"},
			{"operate", "rollback", way.rolledBack, "is rollback, the rollout is rolled_back"},
			{"operate", "kill", way.killed, "is rollback, the rollout is rolled_back"},
		} {
			answers(t, ask(x.scope, x.verb, x.rollout), exitOK, "accepted at cut ", x.says)
		}
		answers(t, ask("read", "watch", way.killed), exitRollback, "default/"+way.killed+"  rollback", way.name+"-operate ordered kill: a test")
		answers(t, ask("read", "status", way.rolledBack), exitRollback, way.name+"-operate ordered rollback: a test")
	}
	p.stop(t)
	journalled(t, filepath.Join(r.dir, "state"), `"verb":"promote","actor":"nats-admin"`, `"verb":"promote","actor":"http-admin"`,
		`"verb":"rollback","actor":"nats-operate"`, `"verb":"kill","actor":"http-operate"`)
	noGoroutinesLeft(t)
}
