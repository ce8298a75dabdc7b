package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// pki makes an authority and a certificate for 127.0.0.1 as PEM files.
func pki(t *testing.T, host string) (ca, cert, key string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	put := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		must(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return file
	}
	issue := func(tmpl, parent *x509.Certificate, signer *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		if signer == nil {
			signer = k
		}
		tmpl.NotBefore, tmpl.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &k.PublicKey, signer)
		must(err)
		return der, k
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	rootDER, rootKey := issue(root, root, nil)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if ip := net.ParseIP(host); ip != nil {
		leaf.IPAddresses = []net.IP{ip}
	} else {
		leaf.DNSNames = []string{host}
	}
	leafDER, leafKey := issue(leaf, root, rootKey)
	keyDER, err := x509.MarshalECPrivateKey(leafKey)
	must(err)
	return put("ca.pem", "CERTIFICATE", rootDER), put("cert.pem", "CERTIFICATE", leafDER), put("key.pem", "EC PRIVATE KEY", keyDER)
}

// secureBroker speaks TLS and wants a login, and a client certificate if mutual.
// It returns such a certificate and its key.
func secureBroker(t *testing.T, host string, mutual bool) (Config, string, string) {
	t.Helper()
	ca, cert, key := pki(t, host)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	conf := &tls.Config{Certificates: []tls.Certificate{pair}}
	if mutual {
		b, err := os.ReadFile(ca)
		if err != nil {
			t.Fatal(err)
		}
		conf.ClientCAs, conf.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		conf.ClientCAs.AppendCertsFromPEM(b)
	}
	_, cfg := startBroker(t, kfake.TLS(conf), kfake.EnableSASL(), kfake.SeedTopics(1, "log"),
		kfake.Superuser("PLAIN", "ann", "right"), kfake.Superuser("SCRAM-SHA-256", "ann", "right"), kfake.Superuser("SCRAM-SHA-512", "ann", "right"))
	cfg.TLS = &TLSConfig{CA: ca}
	return cfg, cert, key
}

func TestLoginsOverTLS(t *testing.T) {
	cfg, _, _ := secureBroker(t, "127.0.0.1", false)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("right\n"), 0o400); err != nil {
		t.Fatal(err)
	}
	next := 0
	for _, mechanism := range []string{Plain, ScramSHA256, ScramSHA512} {
		cfg.SASL = &SASLConfig{Mechanism: mechanism, User: "ann", Password: Secret{File: file}}
		write(t, newTestProducer(t, cfg), "log", next, 5)
		next += 5
		if v := readTo(t, cfg, Assignment{Topic: "log"}, int64(next)); len(v.Offsets) != next {
			t.Errorf("%s: %d records, want %d", mechanism, len(v.Offsets), next)
		}
	}
}

// A broker may hang up instead of naming the cause; the message names it.
func TestAWrongPasswordIsSaidInOneLine(t *testing.T) {
	cfg, _, _ := secureBroker(t, "127.0.0.1", false)
	t.Setenv("KAFKA_PASSWORD", "wrong")
	for _, mechanism := range []string{Plain, ScramSHA256, ScramSHA512} {
		cfg.SASL = &SASLConfig{Mechanism: mechanism, User: "ann", Password: Secret{Env: "KAFKA_PASSWORD"}}
		_, err := Describe(within(t), cfg, []string{"log"})
		if !errors.Is(err, ErrCredentials) {
			t.Errorf("%s: %v, want ErrCredentials", mechanism, err)
		}
		oneLine(t, err, `login of user "ann" with `+mechanism, "check kafka.sasl.user and the password")
		if strings.Contains(err.Error(), "wrong") {
			t.Errorf("the message holds the password: %v", err)
		}
		begin := time.Now()
		p := newTestProducer(t, cfg)
		if err := p.Produce(within(t), "log", []Message{{}}); !errors.Is(err, ErrCredentials) || time.Since(begin) > 2*time.Second {
			t.Errorf("the producer tried for %v: %v", time.Since(begin), err)
		}
	}
}

func TestHostVerificationIsAlwaysOn(t *testing.T) {
	cfg, _, _ := secureBroker(t, "broker.example", false)
	_, err := Describe(within(t), cfg, []string{"log"})
	oneLine(t, err, "TLS handshake", "127.0.0.1", "check")
	cfg, _, _ = secureBroker(t, "127.0.0.1", false)
	cfg.TLS.CA = ""
	_, err = Describe(within(t), cfg, []string{"log"})
	oneLine(t, err, "unknown authority", "kafka.tls")
}

func TestMutualTLS(t *testing.T) {
	cfg, cert, key := secureBroker(t, "127.0.0.1", true)
	t.Setenv("KAFKA_PASSWORD", "right")
	cfg.SASL = &SASLConfig{Mechanism: ScramSHA512, User: "ann", Password: Secret{Env: "KAFKA_PASSWORD"}}
	if _, err := Describe(within(t), cfg, []string{"log"}); err == nil {
		t.Error("no client certificate was needed")
	}
	cfg.TLS.Cert, cfg.TLS.Key = cert, key
	if _, err := Describe(within(t), cfg, []string{"log"}); err != nil {
		t.Error(err)
	}
}

func oneLine(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one with %q", parts)
		return
	}
	for _, p := range append(parts, "kafka") {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than one line: %q", err)
	}
}
