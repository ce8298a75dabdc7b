package kafka

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
)

// Config says how to reach a Kafka cluster. It holds no secret, only
// references to where secrets are kept, so it may be printed.
type Config struct {
	Brokers []string    `yaml:"brokers"`        // host:port of one or more brokers, tried in this order
	TLS     *TLSConfig  `yaml:"tls,omitempty"`  // nil = plain text; an empty section = TLS with the system's authorities
	SASL    *SASLConfig `yaml:"sasl,omitempty"` // nil = no login
}

// TLSConfig names PEM files. The broker's host name is always verified.
type TLSConfig struct {
	CA   string `yaml:"ca,omitempty"`   // authorities to trust instead of the system's
	Cert string `yaml:"cert,omitempty"` // client certificate, for mutual TLS
	Key  string `yaml:"key,omitempty"`  // key of the client certificate
}

// SASLConfig is a login.
type SASLConfig struct {
	Mechanism string `yaml:"mechanism"` // plain, scram-sha-256 or scram-sha-512
	User      string `yaml:"user"`
	Password  Secret `yaml:"password"`
}

// Secret refers to a secret that is kept in a file or in the environment. It
// is read at every login, so a rotated secret is used from the next connection.
type Secret struct {
	File string `yaml:"file,omitempty"`
	Env  string `yaml:"env,omitempty"`
}

// Files are the fields that name a file, for a reader that resolves relative paths.
func (c *Config) Files() (all []*string) {
	if c.TLS != nil {
		all = append(all, &c.TLS.CA, &c.TLS.Cert, &c.TLS.Key)
	}
	if c.SASL != nil {
		all = append(all, &c.SASL.Password.File)
	}
	return all
}

// The mechanisms of SASLConfig.
const (
	Plain       = "plain"
	ScramSHA256 = "scram-sha-256"
	ScramSHA512 = "scram-sha-512"
)

// Validate reports all that is wrong with the configuration, one line each. It
// reads no file and opens no connection.
func (c Config) Validate() error {
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("kafka.brokers is empty: name at least one broker as host:port"))
	}
	for i, b := range c.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			errs = append(errs, fmt.Errorf("kafka.brokers[%d] is %q: write it as host:port", i, b))
		}
	}
	if t := c.TLS; t != nil && (t.Cert == "") != (t.Key == "") {
		errs = append(errs, errors.New("kafka.tls has only one of cert and key: a client certificate needs both"))
	}
	if c.SASL != nil {
		errs = append(errs, c.SASL.validate(c.TLS != nil)...)
	}
	return errors.Join(errs...)
}

func (s *SASLConfig) validate(encrypted bool) (errs []error) {
	known := []string{Plain, ScramSHA256, ScramSHA512}
	if !slices.Contains(known, s.Mechanism) {
		errs = append(errs, fmt.Errorf("kafka.sasl.mechanism is %q: use one of %s", s.Mechanism, strings.Join(known, ", ")))
	}
	if s.Mechanism == Plain && !encrypted {
		errs = append(errs, errors.New("kafka.sasl.mechanism plain sends the password in clear: add a kafka.tls section, or use scram-sha-512"))
	}
	if s.User == "" {
		errs = append(errs, errors.New("kafka.sasl.user is empty: name the user to log in as"))
	}
	if (s.Password.File == "") == (s.Password.Env == "") {
		errs = append(errs, errors.New("kafka.sasl.password needs exactly one of file and env: the secret itself never stands in the configuration"))
	}
	return errs
}

// read returns the secret, without the line break that editors add to files.
func (s Secret) read() (string, error) {
	if s.Env != "" {
		v, ok := os.LookupEnv(s.Env)
		if !ok || v == "" {
			return "", fmt.Errorf("kafka.sasl.password: the environment variable %s is not set: set it to the password", s.Env)
		}
		return v, nil
	}
	b, err := os.ReadFile(s.File)
	if err != nil {
		return "", fmt.Errorf("kafka.sasl.password: %w: put the password into that file", err)
	}
	v := strings.TrimRight(string(b), "\r\n")
	if v == "" {
		return "", fmt.Errorf("kafka.sasl.password: file %s is empty: put the password into it", s.File)
	}
	return v, nil
}
