package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"verdin/ingest/kafka"
	"verdin/ingest/registry"
	"verdin/internal/pump"
)

// kafkaConfig is where events come from.
type kafkaConfig struct {
	kafka.Config `yaml:",inline"`
	Group        string           `yaml:"group"`    // consumer group that shows how far reading has come; "" = none
	Registry     *registry.Config `yaml:"registry"` // of the schemas that events were written with; nil = none
}

// files are the paths of the registry's section.
func (c *kafkaConfig) files() []*string {
	all := c.Files()
	if c.Registry == nil {
		return all
	}
	all = append(all, &c.Registry.Password.File, &c.Registry.Cache)
	if tls := c.Registry.TLS; tls != nil {
		all = append(all, &tls.CA, &tls.Cert, &tls.Key)
	}
	return all
}

// answersOf is the file in which an engine keeps what the registry has answered.
func answersOf(cfg *registry.Config, state string) string {
	return cmp.Or(cfg.Cache, filepath.Join(state, "schemas.ndjson"))
}

// openRegistry opens the registry, if there is one, and sees that it answers. Its
// answers are kept beside the journals, unless the engine file names another place.
// An engine that has answers from before starts without the registry: it may need
// no other.
func (w *wires) openRegistry(ctx context.Context, cfg *registry.Config) (err error) {
	if cfg == nil {
		return nil
	}
	c := *cfg
	c.Cache = answersOf(cfg, w.state.Dir)
	if err := os.MkdirAll(filepath.Dir(c.Cache), 0o700); err != nil {
		return err
	}
	if w.registry, err = registry.Open(c, w.log); err != nil {
		return err
	}
	w.metrics.Registry().MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "verdin", Name: "registry_wait_seconds",
		Help: "For how long the schema registry has not answered what partitions wait for; 0 when none waits.",
	}, func() float64 { return w.registry.Waiting().Seconds() }))
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err = w.registry.Check(ctx); err != nil && w.registry.Known() > 0 {
		w.log.Warn("starting with the schemas that are known", "known", w.registry.Known(), "err", err)
		return nil
	}
	return err
}

// schemas is where readers find schemas, nil if there is no registry.
func (w *wires) schemas() pump.Schemas {
	if w.registry == nil {
		return nil
	}
	return w.registry
}
