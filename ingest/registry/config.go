package registry

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"verdin/internal/keyfile"
)

// Config says how to reach a schema registry. It holds no secret, only
// references to where one is kept, so it may be printed.
type Config struct {
	URL      string `yaml:"url"`                // for example https://registry.example:8081
	User     string `yaml:"user,omitempty"`     // of HTTP basic authentication; empty = no login
	Password Secret `yaml:"password,omitempty"` // read for every request, so a rotated one is used at once
	TLS      *Files `yaml:"tls,omitempty"`      // nil = the system's authorities
	Cache    string `yaml:"cache,omitempty"`    // file that keeps every answer; empty = memory only
}

// Secret refers to a secret that is kept in a file or in the environment.
type Secret struct {
	File string `yaml:"file,omitempty"`
	Env  string `yaml:"env,omitempty"`
}

// Files names PEM files. The registry's host name is always verified.
type Files struct {
	CA   string `yaml:"ca,omitempty"`   // authorities to trust instead of the system's
	Cert string `yaml:"cert,omitempty"` // client certificate, for mutual TLS
	Key  string `yaml:"key,omitempty"`  // key of the client certificate
}

// Validate reports all that is wrong with the configuration, one line each. It
// reads no file and opens no connection.
func (c Config) Validate() error {
	var errs []error
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		errs = append(errs, errors.New("kafka.registry.url: want http:// or https:// with a host"))
	case u.User != nil:
		errs = append(errs, errors.New("kafka.registry.url contains a login: give user and password instead, so that it is never shown"))
	case c.User != "" && u.Scheme == "http" && !loopback(u.Hostname()):
		errs = append(errs, errors.New("kafka.registry.user would send the password in clear: use an https:// url"))
	case c.TLS != nil && u.Scheme == "http":
		errs = append(errs, errors.New("kafka.registry.tls is given but the url is http://: use https://"))
	}
	secret := c.Password != Secret{}
	if secret && (c.Password.File == "") == (c.Password.Env == "") {
		errs = append(errs, errors.New("kafka.registry.password needs exactly one of file and env: the secret itself never stands in the configuration"))
	}
	if secret != (c.User != "") {
		errs = append(errs, errors.New("kafka.registry has only one of user and password: a login needs both"))
	}
	if t := c.TLS; t != nil && (t.Cert == "") != (t.Key == "") {
		errs = append(errs, errors.New("kafka.registry.tls has only one of cert and key: a client certificate needs both"))
	}
	return errors.Join(errs...)
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// read returns the secret, without the line break that editors add to files.
func (s Secret) read() (string, error) {
	if s.Env != "" {
		if v := os.Getenv(s.Env); v != "" {
			return v, nil
		}
		return "", fmt.Errorf("kafka.registry.password: the environment variable %s is not set: set it to the password", s.Env)
	}
	b, err := os.ReadFile(s.File)
	if err != nil {
		return "", fmt.Errorf("kafka.registry.password: %w: put the password into that file", err)
	}
	if v := strings.TrimRight(string(b), "\r\n"); v != "" {
		return v, nil
	}
	return "", fmt.Errorf("kafka.registry.password: file %s is empty: put the password into it", s.File)
}

// load reads the PEM files.
func (f *Files) load() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if f == nil {
		return out, nil
	}
	var err error
	if out.RootCAs, err = keyfile.Authorities(f.CA); err != nil {
		return nil, fmt.Errorf("kafka.registry.tls.ca: %w", err)
	}
	if f.Cert != "" {
		pair, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("kafka.registry.tls: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}
