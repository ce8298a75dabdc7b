package main

import (
	"bytes"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A second start goes on where the first stopped, in the same generation; two engines
// never share a folder; a journal that is damaged in the middle is refused by file and
// byte, and accepted by a flag.
func TestRunGoesOnWhereItStopped(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	first := launch(t, "run", "-c", r.config)
	first.await(t, `"msg":"verdict acked"`, `"generation":1,"sequence":1`)
	eventually(t, "the journal says that NATS has it", func() bool { return r.keeps(t, `"result":"acked"`) })

	second := launch(t, "run", "-c", r.config)
	if code := second.exit(t); code != exitRuntime {
		t.Errorf("exit code %d of a second engine", code)
	}
	if got := said(second.String()); !strings.Contains(got, "another engine works in this folder") || !strings.Contains(got, "state.dir") {
		t.Errorf("a second engine says %q", got)
	}
	if code := first.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}

	again := launch(t, "run", "-c", r.config)
	again.await(t, `"msg":"the rollout goes on"`, `"generation":1`, `"cuts read again":0`, `"verdicts open":0`)
	again.await(t, `"msg":"rollout started"`, `"generation":1`)
	if code := again.stop(t); code != exitOK || strings.Contains(again.String(), `"msg":"verdict"`) {
		t.Errorf("exit code %d, nothing new was to be said:\n%s", code, again)
	}

	path := filepath.Join(r.dir, "state", "default.a", "journal-00000000000000000001")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[40] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	got := verdin(t, "run", "-c", r.config)
	got.diag = said(got.diag)
	says(t, got, exitRuntime, path+": byte 0: ", "restore the file", "--accept-journal-loss")
	last := launch(t, "run", "-c", r.config, "--accept-journal-loss")
	last.await(t, `"msg":"journal: dropped records as --accept-journal-loss says"`, path)
	last.await(t, `"msg":"the journal was fetched from its mirror"`) // which has it all
	last.await(t, `"msg":"rollout started"`, `"generation":1`)
	last.stop(t)
	noGoroutinesLeft(t)
}

// Readiness follows the connection to NATS: without it verdicts wait.
func TestReadinessFollowsNATS(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	p := launch(t, "run", "-c", r.config)
	addr := listening.FindStringSubmatch(p.await(t, `"msg":"listening"`))[1]
	p.await(t, `"msg":"verdict acked"`)
	ready(t, addr, http.StatusOK, "[+] nats: connected")
	r.nats.Shutdown()
	ready(t, addr, http.StatusServiceUnavailable, "[-] nats: not connected: verdicts wait")
	_, text := page(t, addr, "/metrics")
	for _, series := range []string{"verdin_cut_duration_seconds_count", "verdin_kafka_consumer_lag", "verdin_outbox_age_seconds",
		`verdin_journal_bytes{rollout="default/a"}`, "verdin_journal_mirror_lag_records", "verdin_publish_duration_seconds_count"} {
		if !strings.Contains(text, series) {
			t.Errorf("no %s in\n%s", series, text)
		}
	}
	p.stop(t)
}

// A state folder that cannot be made is a refusal of the file, with the path.
func TestAStateFolderThatCannotBeMadeIsRefused(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	write(t, r.dir, "state", "in the way")
	got := verdin(t, "run", "-c", r.config)
	got.diag = said(got.diag)
	says(t, got, exitRuntime, "a.yaml: state folder: ", filepath.Join(r.dir, "state"))
	noGoroutinesLeft(t)
}

// A NATS server that comes back empty gets the chain and the journal again from the
// engine's folder.
func TestLostVerdictsAreWrittenAgain(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	p := launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"verdict acked"`, `"generation":1,"sequence":1`)
	eventually(t, "the journal says that NATS has it", func() bool { return r.keeps(t, `"result":"acked"`) }) // else it is not lost, but still to be written
	p.stop(t)
	port := r.nats.Addr().(*net.TCPAddr).Port
	r.nats.Shutdown()
	r.nats.WaitForShutdown()
	if err := os.RemoveAll(filepath.Join(r.servers.dir, "nats")); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.nats, err = startNATS(r.servers.dir, port); err != nil {
		t.Fatal(err)
	}
	p = launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"NATS has lost verdicts: they are written again"`, "default/a")
	p.await(t, `"msg":"rollout started"`, `"generation":1`)
	p.stop(t)
	p = launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"rollout started"`, `"generation":1`)
	if strings.Contains(p.String(), "lost verdicts") {
		t.Errorf("they are lost again:\n%s", p)
	}
	p.stop(t)
	noGoroutinesLeft(t)
}

// keeps tells whether a file of the engine has a text in it.
func (r *rig) keeps(t *testing.T, text string) (has bool) {
	t.Helper()
	must(t, filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || has {
			return nil // what is gone again holds nothing
		}
		b, _ := os.ReadFile(path)
		has = bytes.Contains(b, []byte(text))
		return nil
	}))
	return has
}

// A topic that is deleted under a rollout holds it, with what to do; the topic created
// anew lets it go on, and is another one to the next start.
func TestADeletedTopicHoldsTheRollout(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	p := launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"verdict acked"`, `"generation":1,"sequence":1`)
	must(t, r.kafka.DeleteTopic("events"))
	p.await(t, `"msg":"verdict"`, `"verdict":"hold"`, `"reason":"data_quality"`, "events", "does not exist", "create it")
	must(t, r.kafka.CreateTopic("events", 2, nil))
	eventually(t, "the topic is read again", func() bool {
		_, text := page(t, listening.FindStringSubmatch(p.String())[1], "/metrics")
		return strings.Contains(text, "verdin_data_gaps_total{")
	})
	p.stop(t)

	// After a restart positions in the old topic would mean other records in the new one.
	p = launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"a generation begins"`, `kafka topic \"events\" was created anew`)
	p.await(t, `"msg":"rollout started"`, `"generation":2`)
	p.stop(t)
	noGoroutinesLeft(t)
}
