package main

import (
	"path/filepath"
	"testing"
)

// Files of NATS and Kafka are looked for beside the file that names them, wherever the command runs.
func TestFilesAreFoundBesideTheFileThatNamesThem(t *testing.T) {
	dir := t.TempDir()
	abs := filepath.Join(dir, "elsewhere", "ca.pem")
	text := "{url: 'nats://h', creds: my.creds, trusted: trusted.keys, tls: {ca: '" + abs + "'}}\n"
	kafka := "kafka: {brokers: ['h:1'], tls: {ca: kafka.pem, cert: '" + abs + "', key: k.pem}, sasl: {mechanism: plain, user: u, password: {file: word}}}\n"
	engine, err := loadConfig(write(t, dir, "verdin.yaml", kafka+"signing: {seedFile: seed}\nrollouts: {dir: .}\nnats: "+text))
	must(t, err)
	edge, err := loadRouter(write(t, dir, "router.yaml", "router: edge\nrollout: a\ntrusted: [UB]\n"+kafka+"topic: events\nmodels: {stable: 'http://h:1', canary: 'http://h:2'}\nnats: "+text))
	must(t, err)
	for name, c := range map[string][]string{
		"verdin.yaml": {engine.NATS.Creds, engine.NATS.Trusted, engine.NATS.TLS.CA, engine.NATS.TLS.Cert, engine.Kafka.TLS.CA, engine.Kafka.TLS.Cert, engine.Kafka.SASL.Password.File},
		"router.yaml": {edge.NATS.Creds, edge.NATS.Trusted, edge.NATS.TLS.CA, edge.NATS.TLS.Cert, edge.Kafka.TLS.CA, edge.Kafka.TLS.Cert, edge.Kafka.SASL.Password.File},
	} {
		for i, want := range []string{filepath.Join(dir, "my.creds"), filepath.Join(dir, "trusted.keys"), abs, "", filepath.Join(dir, "kafka.pem"), abs, filepath.Join(dir, "word")} {
			if c[i] != want {
				t.Errorf("%s: file %d is %q, want %q", name, i, c[i], want)
			}
		}
	}
}
