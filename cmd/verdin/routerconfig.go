package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"verdin/ingest/kafka"
	"verdin/publish/nats"
	"verdin/publish/proxy"
	"verdin/schemas"
)

// routerConfig is router.yaml.
type routerConfig struct {
	Router     string       `yaml:"router"`  // id of this router, a DNS-1123 label
	Rollout    string       `yaml:"rollout"` // name or namespace/name
	Trusted    []string     `yaml:"trusted"` // public keys of the engines
	Listen     string       `yaml:"listen"`  // for requests
	Models     modelURLs    `yaml:"models"`
	UnitHeader string       `yaml:"unitHeader"` // header with the unit, for sticky rollouts; "" = each request by itself
	Mirror     mirrorConfig `yaml:"mirror"`     // of stages that send the canary copies of requests
	Topic      string       `yaml:"topic"`      // of prediction events
	Queue      int          `yaml:"queue"`      // events that may wait for Kafka
	State      string       `yaml:"state"`      // file that a restart begins with
	Kafka      kafka.Config `yaml:"kafka"`
	NATS       nats.Config  `yaml:"nats"`
	HTTP       struct {
		Addr        string `yaml:"addr"`
		NonLoopback bool   `yaml:"nonLoopback"`
	} `yaml:"http"`
}

// mirrorConfig bounds the copies of requests.
type mirrorConfig struct {
	InFlight int           `yaml:"inFlight"` // requests at a time of which a copy is kept or on its way
	Body     int64         `yaml:"body"`     // bytes of a request that are copied, at most
	Timeout  time.Duration `yaml:"timeout"`  // for the canary's answer
}

const exampleRouter = `router: edge-1
rollout: assistant
trusted: [UB…]  # the engine logs its public key at the start
listen: 127.0.0.1:8080
models: {stable: "http://127.0.0.1:9001", canary: "http://127.0.0.1:9002"}
topic: ml.predictions
kafka: {brokers: ["localhost:9092"]}
nats: {url: "nats://localhost:4222"}`

// loadRouter reads router.yaml; paths in it are relative to its folder.
func loadRouter(path string) (*routerConfig, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no %s: write one, for example\n\n%s", path, exampleRouter)
	}
	if err != nil {
		return nil, err
	}
	c := &routerConfig{Queue: 10_000, Mirror: mirrorConfig(proxy.DefaultMirror()), Listen: "127.0.0.1:8080", State: "router-state.json"}
	c.HTTP.Addr = "127.0.0.1:9465"
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, placed(path, string(data), err)
	}
	for _, p := range slices.Concat(c.NATS.Files(), c.Kafka.Files(), []*string{&c.State}) {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(filepath.Dir(path), *p)
		}
	}
	return c, c.check(path)
}

// check lists what is missing or wrong, one line each.
func (c *routerConfig) check(path string) error {
	errs := []error{c.Kafka.Validate(), schemas.CheckLabel("router", c.Router)}
	if _, _, err := schemas.SplitRollout(c.Rollout); err != nil {
		errs = append(errs, err)
	}
	for _, must := range []struct {
		ok   bool
		what string
	}{
		{c.NATS.URL != "", "nats.url is empty: name a server, for example nats://localhost:4222"},
		{c.Topic != "", "topic is empty: name the topic that the rollout reads predictions from"},
		{len(c.Trusted) > 0, "trusted is empty: name the public key that the engine prints"},
		{c.Mirror.InFlight > 0 && c.Mirror.Body > 0 && c.Mirror.Timeout > 0, "mirror: inFlight, body and timeout must be positive, such as {inFlight: 256, body: 1048576, timeout: 30s}"},
		{c.Queue > 0, "queue must be positive: the number of events that may wait for Kafka"},
	} {
		if !must.ok {
			errs = append(errs, errors.New(must.what))
		}
	}
	var err error
	c.Models.stable, err = modelURL("models.stable", c.Models.Stable)
	errs = append(errs, err)
	c.Models.canary, err = modelURL("models.canary", c.Models.Canary)
	errs = append(errs, err)
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("%s: %w", path, err)
		}
	}
	return errors.Join(errs...)
}

func modelURL(name, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%s %q is no address: write http://host:port", name, text)
	}
	return u, nil
}
