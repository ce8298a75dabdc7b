package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/scenario"
	"verdin/internal/telemetry"
	"verdin/publish/nats"
	"verdin/publish/router"
	"verdin/schemas"
)

func newDemo() *cobra.Command {
	var name string
	var seed uint64
	var stay bool
	var addr string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a whole rollout on this machine: broker, NATS, traffic, engine and router in one process",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			sc, err := scenario.Lookup(name)
			if err != nil {
				return usage(err)
			}
			d := &demo{sc: sc, seed: seed, out: cmd.OutOrStdout(), diag: cmd.ErrOrStderr(), stay: stay, page: httpConfig{Addr: addr}}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&name, "scenario", "good", "one of "+strings.Join(scenario.Names(), ", "))
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the traffic")
	cmd.Flags().BoolVar(&stay, "stay", false, "keep the servers up at the end, until Ctrl-C")
	cmd.Flags().StringVar(&addr, "http", "127.0.0.1:0", "where the live page is served, on this machine")
	return cmd
}

// demo is one scenario played over TCP by a logical clock: it goes one tick further
// only when the engine has read, judged and published the tick before, and the
// router has acknowledged what was published.
type demo struct {
	sc        scenario.Scenario
	seed      uint64
	out, diag io.Writer
	stay      bool
	page      httpConfig

	clock   atomic.Int64 // schemas.Time
	began   time.Time
	url     string // of the live page
	servers *servers
	wires   *wires
	traffic *traffic
	router  *router.Router
	ready   *begin
	mu      sync.Mutex
	last    *schemas.Verdict
}

func (d *demo) now() schemas.Time { return schemas.Time(d.clock.Load()) }

func (d *demo) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	d.began = time.Now()
	d.clock.Store(int64(schemas.TimeOf(simulationStart)))
	err := d.start(ctx, &running)
	defer func() { // first whoever works, then the connections, then the servers
		stop()
		running.Wait()
		if d.traffic != nil {
			d.traffic.producer.Close()
		}
		if d.wires != nil {
			d.wires.close()
		}
		if d.servers != nil {
			d.servers.stop()
		}
	}()
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "verdin demo: %s\n%s\n\n%s\n\n", d.sc.Name, d.sc.Summary, d.servers.addresses()+"\nLive  "+d.url)
	ticks := make(chan pump.Tick)
	running.Go(func() { d.ready.run(ctx, ticks, d.hear) })
	if err := d.play(ctx, ticks); err != nil {
		return err
	}
	d.finish(ctx)
	return nil
}

// start brings up the servers, the topics, the engine's connections and the router.
func (d *demo) start(ctx context.Context, running *sync.WaitGroup) (err error) {
	if d.servers, err = startServers(d.sc.Partitions, scenario.Predictions, scenario.Outcomes, scenario.Resources); err != nil {
		return err
	}
	spec, err := decision.Parse(d.sc.Spec, "scenario "+d.sc.Name)
	if err != nil {
		return err
	}
	key, _, err := nats.OpenKey(filepath.Join(d.servers.dir, "verdin.seed"))
	if err != nil {
		return err
	}
	log := telemetry.NewLogger(d.diag, slog.LevelError)
	if d.wires, err = connect(ctx, natsConfig{Config: nats.Config{URL: d.servers.natsURL()}, Replicas: 1}, candidate{}, key, "demo", d.now, log); err != nil {
		return err
	}
	d.wires.kafka = kafka.Config{Brokers: d.servers.brokers()}
	if d.url, err = d.wires.show(ctx, running, &d.page); err != nil {
		return err
	}
	if d.ready, err = d.wires.prepare(ctx, spec); err != nil {
		return err
	}
	producer, err := kafka.NewProducer(d.wires.kafka)
	if err != nil {
		return err
	}
	d.traffic = newTraffic(d.sc, d.seed, d.now(), producer, d.ready.topics)
	return d.route(ctx, running, key, d.ready.name())
}

// route starts the router on a connection of its own.
func (d *demo) route(ctx context.Context, running *sync.WaitGroup, key *nats.Key, rollout string) (err error) {
	d.router, err = router.New(router.Config{ID: "demo-router", Rollouts: []string{rollout}, Trusted: []string{key.ID},
		Now: d.now, StaleAfter: 10 * time.Minute,
		OnError: func(err error) {
			if ctx.Err() == nil {
				fmt.Fprintln(d.diag, "router:", err)
			}
		}})
	if err != nil {
		return err
	}
	nc, err := nats.Connect(nats.Config{URL: d.servers.natsURL(), Name: "router"}, nil)
	if err != nil {
		return err
	}
	running.Go(func() {
		defer nc.Close()
		if err := d.router.Run(ctx, nc); err != nil && ctx.Err() == nil {
			fmt.Fprintln(d.diag, "router:", err)
		}
	})
	return nil
}

// play ticks the clock until the rollout has ended or the scenario is over.
func (d *demo) play(ctx context.Context, ticks chan<- pump.Tick) error {
	step := d.ready.spec.Source.Window
	end := d.now().Add(d.sc.Duration)
	name := d.ready.name()
	choose := func(id string) bool { return d.router.Choose(name, id).Arm == schemas.ArmCanary }
	for !d.ended() {
		if err := d.wires.publisher.Beat(d.now(), d.wires.board.heads()); err != nil {
			return err
		}
		if err := d.traffic.settle(ctx, ticks, d.now()); err != nil {
			return err
		}
		if d.ended() || d.now() >= end {
			return nil
		}
		from, to := d.now(), d.now().Add(step)
		if err := d.traffic.tick(ctx, from, to, choose, d.split(name)); err != nil {
			return err
		}
		d.clock.Store(int64(to))
	}
	return nil
}

// split is what the router serves now.
func (d *demo) split(name string) scenario.Split {
	c := d.router.Choose(name, "")
	s, _ := d.router.Status(name)
	return scenario.Split{CanaryBps: s.WeightBps, Generation: uint32(c.Generation), Stage: int32(c.Stage), Mirror: c.Mirror != ""}
}

// hear prints the timeline.
func (d *demo) hear(o engine.Outcome, _ decision.Cut) {
	v := o.Verdict
	if v == nil {
		return
	}
	d.mu.Lock()
	d.last = v
	d.mu.Unlock()
	fmt.Fprintln(d.out, oneLine(v))
	for _, line := range numbers(v) {
		fmt.Fprintln(d.out, "          "+line)
	}
}

func (d *demo) ended() bool {
	v := d.verdict()
	return v != nil && decision.Final(v.Phase)
}

func (d *demo) verdict() *schemas.Verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// finish explains the last verdict and says where to go from here.
func (d *demo) finish(ctx context.Context) {
	v := d.verdict()
	if v == nil {
		fmt.Fprintln(d.out, "no verdict was given")
		return
	}
	hours := d.now().Sub(schemas.TimeOf(simulationStart))
	fmt.Fprintf(d.out, "\n%s\n\n", strings.TrimSpace(decision.Explain(v)))
	fmt.Fprintf(d.out, "%d events, %v of traffic in %.1f s\n\nNext:\n", d.traffic.events, hours, time.Since(d.began).Seconds())
	other := "errors"
	if d.sc.Name == other {
		other = "good"
	}
	fmt.Fprintf(d.out, "  verdin demo --scenario %s\n  verdin simulate --scenario %s --out %s.ndjson.zst && verdin replay %s.ndjson.zst --spec %s.yaml -o text\n  verdin run -c verdin.yaml        # your own Kafka and NATS\n",
		other, d.sc.Name, d.sc.Name, d.sc.Name, d.sc.Name)
	if d.stay {
		fmt.Fprintln(d.out, "\nThe servers stay up: Ctrl-C ends.")
		<-ctx.Done()
	}
}
