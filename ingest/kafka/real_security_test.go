//go:build real

package kafka

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// may gives what reading and writing need.
func may(t *testing.T, cfg Config, principal, topic string) {
	t.Helper()
	for _, op := range []kmsg.ACLOperation{kmsg.ACLOperationRead, kmsg.ACLOperationWrite} {
		realACL(t, cfg, principal, kmsg.ACLResourceTypeTopic, topic, op)
	}
}

func TestRealLogins(t *testing.T) {
	root := realBroker(t)
	topic := realTopic(t, root, 1)
	user := fmt.Sprintf("ann-%d", time.Now().UnixNano())
	realUser(t, root, user)
	may(t, root, "User:"+user, topic)
	may(t, root, "User:dev", topic)
	t.Setenv("KAFKA_SCRAM", "right")
	t.Setenv("KAFKA_PLAIN", "dev-password")
	t.Setenv("KAFKA_WRONG", "wrong")
	plain, secret := env(t, "VERDIN_KAFKA_SASL"), env(t, "VERDIN_KAFKA_SASL_TLS")
	encrypted := &TLSConfig{CA: certificate(t, "ca.pem")}
	next := int64(0)
	for _, c := range []struct {
		addr      string
		tls       *TLSConfig
		mechanism string
		user, env string
	}{
		{secret, encrypted, Plain, "dev", "KAFKA_PLAIN"},
		{secret, encrypted, ScramSHA256, user, "KAFKA_SCRAM"},
		{secret, encrypted, ScramSHA512, user, "KAFKA_SCRAM"},
		{plain, nil, ScramSHA256, user, "KAFKA_SCRAM"},
		{plain, nil, ScramSHA512, user, "KAFKA_SCRAM"},
	} {
		t.Run(fmt.Sprintf("%s, tls %v", c.mechanism, c.tls != nil), func(t *testing.T) {
			login := func(user, env string) Config {
				return Config{Brokers: []string{c.addr}, TLS: c.tls, SASL: &SASLConfig{Mechanism: c.mechanism, User: user, Password: Secret{Env: env}}}
			}
			cfg := login(c.user, c.env)
			write(t, newTestProducer(t, cfg), topic, int(next), 5)
			next += 5
			readTo(t, cfg, Assignment{Topic: topic}, next).want(t, view{Offsets: upTo(next), Next: next})
			for _, wrong := range []Config{login(c.user, "KAFKA_WRONG"), login("nobody", c.env)} {
				_, err := Describe(within(t), wrong, []string{topic})
				if !errors.Is(err, ErrCredentials) {
					t.Errorf("%v, want ErrCredentials", err)
				}
				oneLine(t, err, fmt.Sprintf("login of user %q with %s", wrong.SASL.User, c.mechanism), "check kafka.sasl.user and the password")
			}
		})
	}
}

func TestRealTLS(t *testing.T) {
	root := realBroker(t)
	topic := realTopic(t, root, 1)
	may(t, root, "User:CN=client", topic)
	cfg := Config{Brokers: []string{env(t, "VERDIN_KAFKA_TLS")}, TLS: &TLSConfig{CA: certificate(t, "ca.pem")}}
	if _, err := Describe(within(t), cfg, []string{topic}); err == nil {
		t.Error("no client certificate was needed")
	}
	cfg.TLS.Cert, cfg.TLS.Key = certificate(t, "client.pem"), certificate(t, "client.key")
	write(t, newTestProducer(t, cfg), topic, 0, 5)
	readTo(t, cfg, Assignment{Topic: topic}, 5).want(t, view{Offsets: upTo(5), Next: 5})

	other := cfg
	other.TLS = &TLSConfig{Cert: cfg.TLS.Cert, Key: cfg.TLS.Key}
	_, err := Describe(within(t), other, []string{topic})
	oneLine(t, err, "TLS handshake", "unknown authority", "kafka.tls")
}

// What speaks another protocol than was expected is said with what to check.
func TestRealListenersThatExpectSomethingElse(t *testing.T) {
	plain, sasl, encrypted := env(t, "VERDIN_KAFKA"), env(t, "VERDIN_KAFKA_SASL"), env(t, "VERDIN_KAFKA_SASL_TLS")
	t.Setenv("KAFKA_PASSWORD", "right")
	login := &SASLConfig{Mechanism: ScramSHA256, User: "ann", Password: Secret{Env: "KAFKA_PASSWORD"}}
	ca := &TLSConfig{CA: certificate(t, "ca.pem")}
	for name, c := range map[string]struct {
		cfg  Config
		says string
	}{
		"no login where one is expected": {Config{Brokers: []string{sasl}}, "kafka.sasl"},
		"a login where none is expected": {Config{Brokers: []string{plain}, SASL: login}, "remove kafka.sasl"},
		"no TLS where it is expected":    {Config{Brokers: []string{encrypted}, SASL: login}, "kafka.tls"},
		"TLS where none is expected":     {Config{Brokers: []string{plain}, TLS: ca}, "check that this port speaks TLS"},
	} {
		_, err := Describe(within(t), c.cfg, []string{"log"})
		t.Logf("%s: %v", name, err)
		oneLine(t, err, c.says)
	}
}

func TestRealDenials(t *testing.T) {
	root := realBroker(t)
	topic := realTopic(t, root, 1)
	write(t, newTestProducer(t, root), topic, 0, 10)
	for user, acls := range deniedUsers() {
		realUser(t, root, user)
		for _, a := range acls {
			name := a.Name
			if a.Resource == kmsg.ACLResourceTypeTopic {
				name = topic
			}
			realACL(t, root, "User:"+user, a.Resource, name, a.Operation)
		}
	}
	t.Cleanup(func() {
		req := kmsg.NewPtrDeleteGroupsRequest()
		req.Groups = []string{"verdin"}
		ask(t, root, req)
	})
	checkDenials(t, Config{Brokers: []string{env(t, "VERDIN_KAFKA_SASL")}}, topic)
}
