package webhook

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"

	"verdin/schemas"
)

// Config says where notes may go, and where they go.
type Config struct {
	Hosts    []string `yaml:"hosts"`    // names or numbers that an address may have; nothing else is dialled
	Networks []string `yaml:"networks"` // such as 10.2.0.0/16: networks inside that may be dialled
	Loopback bool     `yaml:"loopback"` // this machine may be dialled, with http too
	To       []Target `yaml:"to"`
}

// Target is one receiver.
type Target struct {
	Name     string   `yaml:"name"`     // in logs and metrics, a DNS-1123 label
	URL      string   `yaml:"url"`      // https, without login
	KeyFile  string   `yaml:"keyFile"`  // holds the key that notes are signed with
	CA       string   `yaml:"ca"`       // PEM file; empty = the system's roots
	Verdicts []string `yaml:"verdicts"` // that it hears of; empty = all
}

// ConfigError says what is wrong with one field.
type ConfigError struct {
	Path    string // below the configuration, such as to[0].url
	Message string
}

func (e *ConfigError) Error() string { return "webhooks." + e.Path + ": " + e.Message }

const maxTargets = 16

// Validate returns the first thing that is wrong, a *ConfigError.
func (c *Config) Validate() error {
	if _, err := c.networks(); err != nil {
		return err
	}
	if len(c.To) > maxTargets {
		return &ConfigError{"to", fmt.Sprintf("%d receivers are more than %d: let one pass notes on", len(c.To), maxTargets)}
	}
	for i := range c.To {
		if field, message := c.wrong(i); field != "" {
			return &ConfigError{fmt.Sprintf("to[%d].%s", i, field), message}
		}
	}
	return nil
}

// wrong is the first field of a target that is wrong, and why.
func (c *Config) wrong(i int) (field, message string) {
	t := &c.To[i]
	if schemas.CheckLabel("name", t.Name) != nil {
		return "name", fmt.Sprintf("%q is no DNS-1123 label: use a-z, 0-9 and -", t.Name)
	}
	if slices.ContainsFunc(c.To[:i], func(o Target) bool { return o.Name == t.Name }) {
		return "name", fmt.Sprintf("%q is taken: choose another", t.Name)
	}
	u, err := url.Parse(t.URL)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return "url", "it cannot be read: use https://host/path" // the text may hold a secret
	case u.User != nil:
		return "url", "it holds a login: notes are signed, see keyFile"
	case u.Scheme != "https" && !(u.Scheme == "http" && c.Loopback && here(u.Hostname())):
		return "url", fmt.Sprintf("%s is not https: use https, or loopback: true for http on this machine", u.Host)
	case !slices.Contains(c.Hosts, u.Hostname()):
		return "url", fmt.Sprintf("host %s is not in webhooks.hosts: add it if notes may go there", u.Hostname())
	case t.KeyFile == "":
		return "keyFile", "it is empty: name the file with the key that the receiver knows"
	}
	for k, v := range t.Verdicts {
		if !slices.Contains(schemas.Verdicts(), v) {
			return fmt.Sprintf("verdicts[%d]", k), fmt.Sprintf("%q is none of advance, hold, promote, rollback", v)
		}
	}
	return "", ""
}

// here tells whether a host can only be this machine.
func here(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func (c *Config) networks() (out []netip.Prefix, err error) {
	for i, s := range c.Networks {
		p, err := netip.ParsePrefix(s)
		if err != nil || p != p.Masked() {
			return nil, &ConfigError{fmt.Sprintf("networks[%d]", i), fmt.Sprintf("%q is no network: write it as 10.2.0.0/16", s)}
		}
		out = append(out, p)
	}
	return out, nil
}
