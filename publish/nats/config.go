package nats

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
)

// Config says how to reach NATS. Secrets stand in files or in the environment.
type Config struct {
	URL          string `yaml:"url"`          // "nats://host:4222"; several are separated by commas
	Name         string `yaml:"name"`         // shown by the server's monitoring, default "verdin"
	Creds        string `yaml:"creds"`        // file with a JWT and its seed
	NKeySeed     string `yaml:"nkeySeed"`     // file with an nkey seed
	User         string `yaml:"user"`         // with PasswordFile or PasswordEnv
	PasswordFile string `yaml:"passwordFile"` // file that holds the password
	PasswordEnv  string `yaml:"passwordEnv"`  // environment variable that holds it
	TLS          TLS    `yaml:"tls"`
	Monitor      string `yaml:"monitor"`     // the server's monitoring, "http://host:8222": tells whether it syncs each write
	Trusted      string `yaml:"trusted"`     // file with the public keys whose verdicts count, one a line; empty = signatures are not looked at
	InboxPrefix  string `yaml:"inboxPrefix"` // replies come to subjects below, default "_INBOX_verdin"
}

// TLS names PEM files. Without CA the system's roots count; hosts are always verified.
type TLS struct {
	CA   string `yaml:"ca"`
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// Files are the fields that name a file, for a reader that resolves relative paths.
func (c *Config) Files() []*string {
	return []*string{&c.Creds, &c.NKeySeed, &c.PasswordFile, &c.Trusted, &c.TLS.CA, &c.TLS.Cert, &c.TLS.Key}
}

// Connect opens a connection that reconnects for ever. Errors that come later,
// such as a forbidden subject, go to onError, which must not block; nil drops
// them. The connection keeps nothing back while the server is away: what cannot
// be sent at once fails at once, so nothing stale is sent after an outage.
func Connect(cfg Config, onError func(error), extra ...natsgo.Option) (*natsgo.Conn, error) {
	if cfg.URL == "" {
		cfg.URL = natsgo.DefaultURL
	}
	if err := noPassword(cfg.URL); err != nil {
		return nil, err
	}
	opts, err := cfg.options()
	if err != nil {
		return nil, err
	}
	if onError != nil {
		opts = append(opts,
			natsgo.ErrorHandler(func(_ *natsgo.Conn, _ *natsgo.Subscription, err error) { onError(explain(err)) }),
			natsgo.DisconnectErrHandler(func(_ *natsgo.Conn, err error) {
				if err != nil {
					onError(fmt.Errorf("nats: connection lost, reconnecting: %w", err))
				}
			}))
	}
	nc, err := natsgo.Connect(cfg.URL, append(opts, extra...)...)
	switch {
	case err == nil:
		return nc, nil
	case errors.Is(err, natsgo.ErrNoServers):
		return nil, fmt.Errorf("nats: no server answers at %s: start one, or correct nats.url", cfg.URL)
	case errors.Is(err, natsgo.ErrAuthorization), errors.Is(err, natsgo.ErrAuthExpired):
		return nil, fmt.Errorf("nats: %s refuses the login: check nats.creds, nats.nkeySeed or nats.user: %w", cfg.URL, err)
	}
	return nil, fmt.Errorf("nats: connecting to %s: %w", cfg.URL, err)
}

func noPassword(urls string) error {
	for _, s := range strings.Split(urls, ",") {
		u, err := url.Parse(strings.TrimSpace(s))
		if err != nil {
			return errors.New("nats: nats.url cannot be read: use nats://host:4222") // the text may hold a secret
		}
		if u.User != nil {
			return fmt.Errorf("nats: nats.url for %s holds a login: move it to nats.user and nats.passwordFile", u.Host)
		}
	}
	return nil
}

func (c Config) options() ([]natsgo.Option, error) {
	if c.Name == "" {
		c.Name = "verdin"
	}
	if c.InboxPrefix == "" {
		c.InboxPrefix = "_INBOX_verdin"
	}
	opts := []natsgo.Option{
		natsgo.Name(c.Name), natsgo.CustomInboxPrefix(c.InboxPrefix), natsgo.MaxReconnects(-1),
		natsgo.ReconnectWait(500 * time.Millisecond), natsgo.ReconnectBufSize(-1),
	}
	if c.TLS.CA != "" {
		opts = append(opts, natsgo.RootCAs(c.TLS.CA))
	}
	if c.TLS.Cert != "" || c.TLS.Key != "" {
		opts = append(opts, natsgo.ClientCert(c.TLS.Cert, c.TLS.Key))
	}
	if c.Creds != "" {
		opts = append(opts, natsgo.UserCredentials(c.Creds))
	}
	if c.NKeySeed != "" {
		o, err := natsgo.NkeyOptionFromSeed(c.NKeySeed)
		if err != nil {
			return nil, fmt.Errorf("nats: reading nats.nkeySeed %s: %w", c.NKeySeed, err)
		}
		opts = append(opts, o)
	}
	if c.User != "" {
		password, err := c.password()
		if err != nil {
			return nil, err
		}
		opts = append(opts, natsgo.UserInfo(c.User, password))
	}
	return opts, nil
}

func (c Config) password() (string, error) {
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("nats: reading nats.passwordFile: %w", err)
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	if p, ok := os.LookupEnv(c.PasswordEnv); ok {
		return p, nil
	}
	return "", fmt.Errorf("nats: no password for user %s: set nats.passwordFile, or nats.passwordEnv to a variable that is set", c.User)
}

// explain names what the server forbids: without it the caller sees a timeout.
func explain(err error) error {
	if errors.Is(err, natsgo.ErrPermissionViolation) {
		return fmt.Errorf("nats: the server forbids it, allow the subject in the permissions of this user: %w", err)
	}
	return fmt.Errorf("nats: %w", err)
}
