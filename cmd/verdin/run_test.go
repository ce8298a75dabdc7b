package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/twmb/franz-go/pkg/kfake"
)

// An engine that cannot work ends by itself: one line says where the fault is and
// what to do, and the exit code whether a file is at fault (2) or the world (1).
func TestRunEndsWhereItCannotWork(t *testing.T) {
	r := newRig(t)
	guarded, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "ann", "right"), kfake.SeedTopics(2, "events"))
	if err != nil {
		t.Fatal(err)
	}
	defer guarded.Close()
	plain, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	plain.Start()
	defer plain.Shutdown()
	t.Setenv("VERDIN_TEST_PASSWORD", "wrong")
	broker, url := r.brokers()[0], r.natsURL()
	login := `"` + guarded.ListenAddrs()[0] + `"], sasl: {mechanism: scram-sha-256, user: ann, password: {env: VERDIN_TEST_PASSWORD}}}`
	seen := write(t, r.dir, "seen", "")
	if err := os.Chmod(seen, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		engine, spec []string // texts that are replaced in the engine file and the spec
		code         int
		want         string
	}{
		"broker away":          {[]string{broker, "127.0.0.1:1"}, nil, exitRuntime, `a.yaml: |127.0.0.1:1`},
		"topic missing":        {nil, []string{"events", "absent"}, exitRuntime, `a.yaml: kafka topic "absent" does not exist on |create it, or correct the name`},
		"partitions unequal":   {nil, []string{"events}", "events, outcomes: labels}, join: {key: prediction_id, horizon: 2s}"}, exitUsage, `a.yaml: |events has 2, labels has 3|create the smaller one anew`},
		"password wrong":       {[]string{`"` + broker + `"]}`, login}, nil, exitRuntime, `a.yaml: |kafka.sasl`},
		"password not set":     {[]string{`"` + broker + `"]}`, strings.Replace(login, "VERDIN_TEST_PASSWORD", "VERDIN_TEST_ABSENT", 1)}, nil, exitRuntime, `a.yaml: |VERDIN_TEST_ABSENT is not set: set it`},
		"login missing":        {[]string{broker, guarded.ListenAddrs()[0]}, nil, exitRuntime, `a.yaml: |kafka.sasl`},
		"nats away":            {[]string{url, "nats://127.0.0.1:1"}, nil, exitRuntime, `no server answers at nats://127.0.0.1:1: start one, or correct nats.url`},
		"nats without streams": {[]string{url, plain.ClientURL()}, nil, exitRuntime, `JetStream`},
		"address taken":        {[]string{"127.0.0.1:0", strings.TrimPrefix(plain.Addr().String(), "nats://")}, nil, exitRuntime, `http.addr: |in use: choose another port`},
		"address for everyone": {[]string{"127.0.0.1:0", "0.0.0.0:0"}, nil, exitUsage, `http.addr "0.0.0.0:0"|set http.nonLoopback`},
		"no broker named":      {[]string{`"` + broker + `"`, ""}, nil, exitUsage, `verdin.yaml: kafka.brokers is empty: name at least one`},
		"no server named":      {[]string{`"` + url + `"`, ""}, nil, exitUsage, `verdin.yaml: nats.url is empty: name a server`},
		"folder missing":       {[]string{"dir: rollouts", "dir: elsewhere"}, nil, exitUsage, `verdin.yaml: rollouts.dir |elsewhere is no folder: make it`},
		"registry away":        {[]string{`"` + broker + `"]}`, `"` + broker + `"], registry: {url: "http://127.0.0.1:1"}}`}, nil, exitRuntime, `schema registry http://127.0.0.1:1: |is it running, and is kafka.registry.url right?`},
		"registry's login":     {[]string{`"` + broker + `"]}`, `"` + broker + `"], registry: {url: "https://u:p@a"}}`}, nil, exitUsage, `verdin.yaml: kafka.registry.url contains a login: give user and password instead`},
		"key seen by others":   {[]string{"seedFile: seed", "seedFile: seen"}, nil, exitRuntime, `seen: mode 0644 lets others read it: make a new key`},
	} {
		t.Run(name, func(t *testing.T) {
			config := write(t, r.dir, "verdin.yaml", r.engineFile(c.engine...))
			r.spec(t, "a", c.spec...)
			got := verdin(t, "run", "-c", config)
			got.diag = said(got.diag)
			says(t, got, c.code, strings.Split(c.want, "|")...)
		})
	}
	noGoroutinesLeft(t)
}

// Without an engine file the first thing a caller sees is one to begin with, and
// a field that does not exist is shown where it stands.
func TestRunExplainsTheEngineFile(t *testing.T) {
	dir := t.TempDir()
	absent := filepath.Join(dir, "verdin.yaml")
	got := verdin(t, "run", "-c", absent)
	if got.code != exitUsage || !strings.HasPrefix(got.diag, "verdin: no "+absent+": write one, for example\n\n"+exampleConfig) {
		t.Errorf("exit code %d: %s", got.code, got.diag)
	}
	// The example is an engine file: only the folder that it names is not there.
	got = verdin(t, "run", "-c", write(t, dir, "verdin.yaml", exampleConfig))
	says(t, got, exitUsage, "rollouts is no folder: make it")
	for text, want := range map[string]string{
		exampleConfig + "\nkafak: {}\n": "verdin.yaml:5:1: unknown field \"kafak\"",
		"kafka: [":                      "verdin.yaml:1:",
		"kafka: {brokers: 3}":           "verdin.yaml:1:",
	} {
		got := verdin(t, "run", "-c", write(t, dir, "verdin.yaml", text))
		if got.code != exitUsage || !strings.Contains(got.diag, want) || !strings.HasSuffix(got.diag, "^\n") {
			t.Errorf("exit code %d, no %q in %s", got.code, want, got.diag)
		}
	}
	got = verdin(t, "run", "-c", write(t, dir, "verdin.yaml", ""))
	for _, field := range []string{"kafka.brokers", "nats.url", "signing.seedFile", "rollouts.dir"} {
		if got.code != exitUsage || !strings.Contains(got.diag, "verdin.yaml: "+field+" is empty: name ") {
			t.Errorf("exit code %d, nothing about %s in an empty file: %s", got.code, field, got.diag)
		}
	}
}
