package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"

	"verdin/decision"
	"verdin/publish/nats"
	"verdin/publish/webhook"
)

// engineConfig is verdin.yaml: how one engine reaches the world. It names secrets
// by file or environment variable and holds none.
type engineConfig struct {
	Engine  string      `yaml:"engine"` // name in heartbeats and headers, a DNS-1123 label
	Kafka   kafkaConfig `yaml:"kafka"`
	NATS    natsConfig  `yaml:"nats"`
	Signing struct {
		SeedFile string `yaml:"seedFile"` // made with mode 0400 if absent
	} `yaml:"signing"`
	Rollouts struct {
		Dir string `yaml:"dir"` // watched: one spec a file, *.yaml
	} `yaml:"rollouts"`
	State   stateConfig `yaml:"state"`
	Control struct {
		OperatorsFile string `yaml:"operatorsFile"` // access file whose keys sign orders over NATS; "" = orders need no signature
	} `yaml:"control"`
	HTTP     httpConfig     `yaml:"http"`
	Webhooks webhook.Config `yaml:"webhooks"` // who hears of verdicts by https; none = nobody
}

// natsConfig is how an engine uses NATS.
type natsConfig struct {
	nats.Config `yaml:",inline"`
	Replicas    int           `yaml:"replicas"` // servers that keep each stream: 1, or 3 or 5 on a cluster; default 1
	Lease       time.Duration `yaml:"lease"`    // of several engines the one that holds it judges; 0s = each believes that it is alone; default 15s
}

func (c *natsConfig) check() (errs []error) {
	if c.URL == "" {
		errs = append(errs, errors.New("nats.url is empty: name a server, for example nats://localhost:4222"))
	}
	if c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5 {
		errs = append(errs, fmt.Errorf("nats.replicas is %d: use 1, or 3 or 5 on a cluster of so many servers", c.Replicas))
	}
	if c.Lease != 0 && c.Lease < time.Second {
		errs = append(errs, fmt.Errorf("nats.lease is %v: use 1s or more, or 0s for an engine that is alone", c.Lease))
	}
	return errs
}

// stateConfig says where the engine keeps what it cannot read again.
type stateConfig struct {
	Dir           string        `yaml:"dir"`           // one folder per rollout below, default "state"
	SnapshotEvery time.Duration `yaml:"snapshotEvery"` // default 30s
	acceptLoss    bool          // --accept-journal-loss
}

const exampleConfig = `kafka: {brokers: ["localhost:9092"]}
nats: {url: "nats://localhost:4222"}
signing: {seedFile: verdin.seed}
rollouts: {dir: rollouts}`

// loadConfig reads verdin.yaml; paths in it are relative to its folder.
func loadConfig(path string) (*engineConfig, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no %s: write one, for example\n\n%s", path, exampleConfig)
	}
	if err != nil {
		return nil, err
	}
	c := &engineConfig{Engine: "verdin"}
	c.HTTP.Addr, c.State.Dir = "127.0.0.1:9464", "state"
	c.NATS.Replicas, c.NATS.Lease = 1, 15*time.Second
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, placed(path, string(data), err)
	}
	dir, files := filepath.Dir(path), append(c.Kafka.files(), c.NATS.Files()...)
	for i := range c.Webhooks.To {
		files = append(files, &c.Webhooks.To[i].KeyFile, &c.Webhooks.To[i].CA)
	}
	for _, p := range append(files, &c.Control.OperatorsFile, &c.HTTP.TokensFile, &c.HTTP.TLS.Cert, &c.HTTP.TLS.Key, &c.Signing.SeedFile, &c.Rollouts.Dir, &c.State.Dir) {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	return c, errors.Join(c.check(path), c.checkHooks(path, string(data)))
}

// placed shows what the YAML reader says in the way of a refused spec: the place,
// the line, and a caret.
func placed(path, text string, err error) error {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return shown(path, text, at.GetToken().Position, at.GetMessage())
}

// shown is a complaint about one place of a file, with its line and a caret.
func shown(path, text string, pos *token.Position, message string) error {
	e := &decision.SpecError{File: path, Line: pos.Line, Column: pos.Column, Message: message}
	if lines := strings.Split(text, "\n"); pos.Line >= 1 && pos.Line <= len(lines) {
		e.Source = lines[pos.Line-1]
	}
	return e
}

// checkHooks shows the field of the webhooks that is refused where it stands.
func (c *engineConfig) checkHooks(path, text string) error {
	err := c.Webhooks.Validate()
	at := new(webhook.ConfigError)
	if !errors.As(err, &at) {
		return err
	}
	for field := "webhooks." + at.Path; ; field = field[:strings.LastIndexAny(field, ".[")] { // a field that is left out is shown at what should hold it
		if p, err := yaml.PathString("$." + field); err == nil {
			if n, err := p.ReadNode(strings.NewReader(text)); err == nil && n.GetToken() != nil {
				return shown(path, text, n.GetToken().Position, at.Error())
			}
		}
		if !strings.ContainsAny(field, ".[") {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
}

// check lists what is missing or wrong, one line each.
func (c *engineConfig) check(path string) error {
	var errs []error
	if err := c.Kafka.Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.Kafka.Registry != nil {
		if err := c.Kafka.Registry.Validate(); err != nil {
			errs = append(errs, err)
		}
	}
	errs = append(errs, c.NATS.check()...)
	if c.Signing.SeedFile == "" {
		errs = append(errs, errors.New("signing.seedFile is empty: name a file; it is made if it does not exist"))
	}
	if c.Rollouts.Dir == "" {
		errs = append(errs, errors.New("rollouts.dir is empty: name the folder that holds the rollout specs"))
	} else if info, err := os.Stat(c.Rollouts.Dir); err != nil || !info.IsDir() {
		errs = append(errs, fmt.Errorf("rollouts.dir %s is no folder: make it", c.Rollouts.Dir))
	}
	for i, err := range errs {
		errs[i] = fmt.Errorf("%s: %w", path, err)
	}
	return errors.Join(errs...)
}
