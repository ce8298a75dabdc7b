package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"verdin/ingest/kafka"
	"verdin/internal/telemetry"
	"verdin/publish/nats"
	"verdin/publish/proxy"
	"verdin/publish/router"
	"verdin/schemas"
)

func newRouter() *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:   "router -c router.yaml",
		Short: "Split requests between two models by the verdicts, and report each as an event",
		Long: `Split requests between two models by the verdicts, and report each as an event.

A reverse proxy in front of the stable and the canary model. It follows the verdicts
of one rollout on NATS, tells each model and each client which arm served (header
Verdin-Arm) and under which id (Verdin-Prediction-Id), and writes one prediction event
a request to Kafka. A request never waits for Kafka: events that do not fit into the
queue are counted as lost.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadRouter(path)
			if err != nil {
				return usage(err)
			}
			return route(cmd.Context(), cfg, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "router.yaml", "router file")
	return cmd
}

// edge is one running router.
type edge struct {
	cfg      *routerConfig
	log      *slog.Logger
	router   *router.Router
	queue    *proxy.Queue
	producer *kafka.Producer
	metrics  *edgeMetrics
}

// route serves until ctx ends.
func route(ctx context.Context, cfg *routerConfig, diag io.Writer) error {
	e := &edge{cfg: cfg, log: telemetry.NewLogger(diag, slog.LevelInfo)}
	complain := func(err error) { e.log.Error("router", "err", err) }
	var err error
	e.router, err = router.New(router.Config{ID: cfg.Router, Rollouts: []string{cfg.Rollout}, Trusted: cfg.Trusted, StateFile: cfg.State,
		OnError: complain, OnChange: func(s router.Status) {
			e.log.Info("verdict", "verdict", s.Verdict, "generation", s.Generation, "sequence", s.Sequence, "canary", float64(s.WeightBps)/100, "waiting", s.Waiting, "killed", s.Killed)
		}})
	if err != nil {
		return usage(err)
	}
	if e.producer, err = kafka.NewProducer(cfg.Kafka); err != nil {
		return err
	}
	defer e.producer.Close()
	var patient []natsgo.Option
	_, err = kafka.Describe(ctx, cfg.Kafka, []string{cfg.Topic})
	if e.served() {
		patient = append(patient, natsgo.RetryOnFailedConnect(true))
		if err != nil {
			complain(err)
		}
	} else if err != nil {
		return err
	}
	e.queue = proxy.NewQueue(cfg.Queue, e.produce, complain)
	e.metrics = newEdgeMetrics(e)
	nc, err := nats.Connect(cfg.NATS, complain, patient...)
	if err != nil {
		return err
	}
	defer nc.Close()
	var work sync.WaitGroup
	defer work.Wait()
	aside, stop := context.WithCancel(context.WithoutCancel(ctx)) // outlives the last request
	defer stop()
	work.Go(func() { e.queue.Run(aside) })
	work.Go(func() {
		if err := e.router.Run(aside, nc); err != nil {
			complain(err)
		}
	})
	return e.serve(ctx, func() bool { return nc.IsConnected() })
}

// served tells whether this router has served before: then it starts by what it kept,
// also while NATS and Kafka are away. The first start wants to see both, so that a
// wrong address is found at once.
func (e *edge) served() bool {
	if e.cfg.State == "" {
		return false
	}
	_, err := os.Stat(e.cfg.State)
	return err == nil
}

// serve opens both listeners: for requests, and for probes and metrics.
func (e *edge) serve(ctx context.Context, connected func() bool) error {
	p, err := proxy.New(proxy.Config{Router: e.router, Rollout: e.cfg.Rollout, Stable: e.cfg.Models.stable, Canary: e.cfg.Models.canary,
		UnitHeader: e.cfg.UnitHeader, Report: e.report, Mirror: proxy.Mirror(e.cfg.Mirror)})
	if err != nil {
		return usage(err)
	}
	e.metrics.mirror(p)
	front, err := new(net.ListenConfig).Listen(ctx, "tcp", e.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w: choose another address, or end what listens there", err)
	}
	admin := &telemetry.Server{Addr: e.cfg.HTTP.Addr, AllowRemote: e.cfg.HTTP.NonLoopback, Handler: e.admin(connected)}
	back, err := admin.Listen(ctx)
	if err != nil {
		return errors.Join(fmt.Errorf("http.addr: %w", err), front.Close())
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 2) // one result each
	go func() { defer stop(); failed <- admin.Serve(ctx, back) }()
	go func() {
		defer stop()
		err := serveRequests(ctx, front, p)
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastCopies)
		defer cancel()
		p.Wait(end)
		failed <- err
	}()
	e.log.Info("routing", "addr", front.Addr().String(), "rollout", e.cfg.Rollout, "probes", back.Addr().String())
	return errors.Join(<-failed, <-failed)
}

// How long requests in flight, then copies of them, may take at the end.
const (
	lastRequests = 10 * time.Second
	lastCopies   = 2 * time.Second
)

// serveRequests serves until ctx ends. Models may answer slowly and in streams: only
// the reading of headers has a limit.
func serveRequests(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve requests: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastRequests)
	defer cancel()
	if err := s.Shutdown(end); err != nil {
		return errors.Join(fmt.Errorf("requests did not end in %s: %w", lastRequests, err), s.Close())
	}
	return nil
}

// report takes the event of a request.
func (e *edge) report(p *schemas.Prediction) {
	e.metrics.request(p)
	e.queue.Add(p)
}

// produce writes a batch of events.
func (e *edge) produce(ctx context.Context, batch []*schemas.Prediction) error {
	messages := make([]kafka.Message, len(batch))
	for i, p := range batch {
		messages[i] = kafka.Message{Partition: kafka.ByKey, Key: []byte(p.PredictionID), Value: p.AppendJSON(nil), Time: p.EventTime}
	}
	return e.producer.Produce(ctx, e.cfg.Topic, messages)
}

// admin serves metrics and probes. A router is ready as long as it can serve, also by
// what it served when NATS was last there.
func (e *edge) admin(connected func() bool) http.Handler {
	mux := e.metrics.handler()
	answer := func(w http.ResponseWriter, text string) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, text)
	}
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		s, _ := e.router.Status(e.cfg.Rollout)
		answer(w, fmt.Sprintf("ready: canary %g %%, NATS connected %v, engine silent %v\n", float64(s.WeightBps)/100, connected(), s.Stale))
	})
	mux.HandleFunc("POST /kill", func(w http.ResponseWriter, r *http.Request) {
		on := r.URL.Query().Get("on") != "false"
		if err := e.router.Kill(e.cfg.Rollout, on); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, fmt.Sprintf("kill switch %v\n", on))
	})
	return http.NewCrossOriginProtection().Handler(mux) // a page of another site must not work the switch
}

// modelURLs are where the two models answer.
type modelURLs struct {
	Stable string `yaml:"stable"`
	Canary string `yaml:"canary"`

	stable, canary *url.URL
}
