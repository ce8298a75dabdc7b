package main

import (
	"path/filepath"
	"testing"
)

// Files of NATS are looked for beside the file that names them, wherever the command runs.
func TestFilesOfNATSAreFoundBesideTheFileThatNamesThem(t *testing.T) {
	dir := t.TempDir()
	abs := filepath.Join(dir, "elsewhere", "ca.pem")
	text := "{url: 'nats://h', creds: my.creds, trusted: trusted.keys, tls: {ca: '" + abs + "'}}\n"
	engine, err := loadConfig(write(t, dir, "verdin.yaml", "kafka: {brokers: ['h:1']}\nsigning: {seedFile: seed}\nrollouts: {dir: .}\nnats: "+text))
	must(t, err)
	edge, err := loadRouter(write(t, dir, "router.yaml", "router: edge\nrollout: a\ntrusted: [UB]\nkafka: {brokers: ['h:1']}\ntopic: events\nmodels: {stable: 'http://h:1', canary: 'http://h:2'}\nnats: "+text))
	must(t, err)
	for name, c := range map[string][]string{
		"verdin.yaml": {engine.NATS.Creds, engine.NATS.Trusted, engine.NATS.TLS.CA, engine.NATS.TLS.Cert},
		"router.yaml": {edge.NATS.Creds, edge.NATS.Trusted, edge.NATS.TLS.CA, edge.NATS.TLS.Cert},
	} {
		for i, want := range []string{filepath.Join(dir, "my.creds"), filepath.Join(dir, "trusted.keys"), abs, ""} {
			if c[i] != want {
				t.Errorf("%s: file %d is %q, want %q", name, i, c[i], want)
			}
		}
	}
}
