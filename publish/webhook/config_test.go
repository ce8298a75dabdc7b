package webhook

import (
	"errors"
	"strings"
	"testing"
)

func TestConfigurationsThatAreRefused(t *testing.T) {
	good := func() Config {
		return Config{Hosts: []string{"hooks.example.com", "127.0.0.1", "::1", "localhost"}, To: []Target{{Name: "chat", URL: "https://hooks.example.com/a", KeyFile: "k"}}}
	}
	c := good()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		change     func(*Config)
		path, want string
	}{
		"http":           {func(c *Config) { c.To[0].URL = "http://hooks.example.com/a" }, "to[0].url", "is not https"},
		"http, loopback": {func(c *Config) { c.To[0].URL, c.Loopback = "http://hooks.example.com/a", true }, "to[0].url", "is not https"},
		"not told":       {func(c *Config) { c.To[0].URL = "http://127.0.0.1/a" }, "to[0].url", "is not https"},
		"file":           {func(c *Config) { c.To[0].URL = "file:///etc/passwd" }, "to[0].url", "cannot be read"},
		"no host":        {func(c *Config) { c.To[0].URL = "https:///a" }, "to[0].url", "cannot be read"},
		"opaque":         {func(c *Config) { c.To[0].URL = "https:hooks.example.com" }, "to[0].url", "cannot be read"},
		"login":          {func(c *Config) { c.To[0].URL = "https://u:secret@hooks.example.com" }, "to[0].url", "holds a login"},
		"other host":     {func(c *Config) { c.To[0].URL = "https://hooks.example.com.evil.org/" }, "to[0].url", "host hooks.example.com.evil.org is not in webhooks.hosts"},
		"no key":         {func(c *Config) { c.To[0].KeyFile = "" }, "to[0].keyFile", "it is empty"},
		"name":           {func(c *Config) { c.To[0].Name = "Chat!" }, "to[0].name", "no DNS-1123 label"},
		"name taken":     {func(c *Config) { c.To = append(c.To, c.To[0]) }, "to[1].name", "is taken"},
		"verdict":        {func(c *Config) { c.To[0].Verdicts = []string{"hold", "roll"} }, "to[0].verdicts[1]", `"roll" is none of`},
		"network":        {func(c *Config) { c.Networks = []string{"10.2.0.0/16", "10.2.3.4/16"} }, "networks[1]", "is no network"},
		"too many":       {func(c *Config) { c.To = make([]Target, 17) }, "to", "17 receivers"},
	} {
		c := good()
		row.change(&c)
		var at *ConfigError
		err := c.Validate()
		if !errors.As(err, &at) || at.Path != row.path || !strings.Contains(at.Message, row.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %s: %s", name, err, row.path, row.want)
		}
	}
	for _, url := range []string{"http://127.0.0.1:8080/a", "http://[::1]/a", "http://localhost/a"} {
		c := good()
		c.To[0].URL, c.Loopback = url, true
		if err := c.Validate(); err != nil {
			t.Errorf("%s on this machine: %v", url, err)
		}
	}
}
