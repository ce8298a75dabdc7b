package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"verdin/publish/control"
	"verdin/publish/nats"
)

const secret = "0123456789abcdef0123456789abcdef"

// tokens writes an access file in which ann is an admin.
func (r *rig) tokens(t *testing.T) {
	t.Helper()
	write(t, r.dir, "tokens", fmt.Sprintf("ann admin default sha256:%x\n", sha256.Sum256([]byte(secret))))
	must(t, os.Chmod(filepath.Join(r.dir, "tokens"), 0o600))
}

// certificate writes a self-signed certificate for 127.0.0.1.
func (r *rig) certificate(t *testing.T) (path string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	write(t, r.dir, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	return write(t, r.dir, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
}

// address is where a running engine listens.
func address(t *testing.T, p *program) string {
	t.Helper()
	var line struct{ Addr, Scheme string }
	must(t, json.Unmarshal([]byte(p.await(t, `"listening"`)), &line))
	_, port, err := net.SplitHostPort(line.Addr)
	must(t, err)
	return line.Scheme + "://127.0.0.1:" + port
}

// get is the status and the body of a page.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	must(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp.StatusCode, string(body)
}

// The same orders over HTTP: on this machine everybody sees and only a token orders.
func TestOperatorsCommandOverHTTP(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	r.tokens(t)
	p := launch(t, "run", "-c", write(t, r.dir, "verdin.yaml", r.engineFile(`"127.0.0.1:0"`, `"127.0.0.1:0", tokensFile: tokens`)))
	url := address(t, p)
	p.await(t, "verdict acked", "default/a")
	file := write(t, r.dir, "ann.token", secret+"\n")
	ask := func(args ...string) result { return verdin(t, append(args, "--http", url)...) }
	answers(t, ask("status", "a"), exitRuntime, "a bearer token of the access file is needed")
	answers(t, ask("status", "--token-file", file), exitOK, "default/a", "20 %")
	answers(t, ask("kill", "a", "--reason", "x"), exitRuntime, "refused (not_allowed)")
	answers(t, ask("kill", "a", "--reason", "bad answers", "--token-file", file), exitOK, "is rollback, the rollout is rolled_back")
	answers(t, ask("explain", "a", "--token-file", file), exitOK, "ROLLBACK", "ann ordered kill: bad answers")
	if code, body := get(t, url+"/"); code != http.StatusOK || !containsAll(body, []string{"<title>Verdin</title>"}) {
		t.Errorf("the page: %d %s", code, body)
	}
	p.stop(t)
	journalled(t, filepath.Join(r.dir, "state"), `"actor":"ann"`)
	noGoroutinesLeft(t)
}

// Other machines are served over TLS and with tokens, or nothing but metrics and probes.
func TestOtherMachinesAreAskedWhoTheyAre(t *testing.T) {
	r := newRig(t)
	r.tokens(t)
	cert := r.certificate(t)
	config := func(fields string) string {
		return write(t, r.dir, "verdin.yaml", r.engineFile(`"127.0.0.1:0"`, `"0.0.0.0:0", `+fields))
	}
	for _, half := range []string{"tokensFile: tokens", "tls: {cert: cert.pem, key: key.pem}"} {
		answers(t, verdin(t, "run", "-c", config(half)), exitUsage, "asks nobody who they are: give http.tls and http.tokensFile")
	}
	answers(t, verdin(t, "run", "-c", config("tokensFile: absent, tls: {cert: cert.pem, key: key.pem}")), exitUsage, "http.tokensFile: access file")
	answers(t, verdin(t, "run", "-c", config("tokensFile: tokens, tls: {cert: cert.pem, key: tokens}")), exitUsage, "http.tls: ")
	answers(t, verdin(t, "run", "-c", config("tokensFile: tokens, origins: ['*'], tls: {cert: cert.pem, key: key.pem}")), exitUsage, "http.origins: ", "without a path or a wildcard")

	p := launch(t, "run", "-c", config("nonLoopback: true"))
	url := address(t, p)
	for path, want := range map[string]int{"/livez": 200, "/metrics": 200, "/": 404, "/api/v1/rollouts": 404, "/gates/argo/default/a?canary=v2&weight=10": 404} {
		if code, _ := get(t, url+path); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
	p.stop(t)

	p = launch(t, "run", "-c", config("tokensFile: tokens, tls: {cert: cert.pem, key: key.pem}"))
	url = address(t, p)
	answers(t, verdin(t, "status", "--http", url, "--ca", cert), exitRuntime, "a bearer token of the access file is needed")
	answers(t, verdin(t, "status", "--http", url), exitRuntime, "certificate")
	t.Setenv("VERDIN_TOKEN", secret)
	answers(t, verdin(t, "status", "--http", url, "--ca", cert), exitOK, "no engine runs a rollout here")
	p.stop(t)
	noGoroutinesLeft(t)
}

// A gate for four eyes counts people: a token's name once, and all names that are only
// claimed together once.
func TestFourEyesArePeople(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a", "bake: 5s}, {weight: 100", "bake: 5s, gate: manual}, {weight: 100", "  metrics:", "  policy: {approvals: 2}\n  metrics:")
	r.tokens(t)
	p := launch(t, "run", "-c", write(t, r.dir, "verdin.yaml", r.engineFile(`"127.0.0.1:0"`, `"127.0.0.1:0", tokensFile: tokens`)))
	url := address(t, p)
	p.await(t, "verdict acked", "default/a")
	file := write(t, r.dir, "ann.token", secret+"\n")
	spoke := func(want string) {
		t.Helper()
		answers(t, verdin(t, "status", "a", "--http", url, "--token-file", file), exitOK, "the promote of 2 people, "+want)
	}
	byToken := func() { // who is at the gate after this order
		answers(t, verdin(t, "promote", "a", "--reason", "seen", "--http", url, "--token-file", file), exitOK, "accepted at cut ")
	}
	byName := func(name string) {
		nc, err := nats.Connect(nats.Config{URL: r.natsURL()}, nil)
		must(t, err)
		defer nc.Close()
		receipt, err := (&control.Client{NC: nc, Actor: name, Now: wallClock}).Order(t.Context(), "default", "a", "promote", "seen")
		if must(t, err); !receipt.Accepted {
			t.Errorf("%s: %+v", name, receipt)
		}
	}
	spoke("0 spoke")
	byName("carl")
	byName("dora")
	spoke("1 spoke: somebody by NATS")
	byToken()
	byToken()
	status := verdin(t, "status", "a", "--http", url, "--token-file", file)
	if answers(t, status, exitOK, "20 %"); strings.Contains(status.out, "people") {
		t.Errorf("two people spoke, and the gate waits:\n%s", status.out)
	}
	p.stop(t)
	journalled(t, filepath.Join(r.dir, "state"), `"verb":"promote","actor":"nats/carl"`, `"verb":"promote","actor":"ann"`)
	noGoroutinesLeft(t)
}
