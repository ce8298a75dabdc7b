package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/internal/pump"
	"verdin/internal/telemetry"
	"verdin/publish/control"
	"verdin/publish/nats"
	"verdin/schemas"
)

func newRun() *cobra.Command {
	var path string
	var acceptLoss bool
	cmd := &cobra.Command{
		Use:   "run -c verdin.yaml",
		Short: "Judge rollouts live: events from Kafka, verdicts to NATS",
		Long: `Judge rollouts live: events from Kafka, verdicts to NATS.

Every *.yaml in the folder rollouts.dir is one rollout. The folder is watched: a
new file starts a rollout, a changed one starts a new generation of it, a removed
one stops it: its routers fall back when the lease of its last verdict ends. A file
that is refused changes nothing; only if the engine starts with files and can run
none of them, it ends.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadConfig(path)
			if err != nil {
				return usage(err)
			}
			cfg.State.acceptLoss = acceptLoss
			return serve(cmd.Context(), cfg, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&acceptLoss, "accept-journal-loss", false, "go on although a journal is damaged: drop what stands behind the damage")
	cmd.Flags().StringVarP(&path, "config", "c", "verdin.yaml", "engine file")
	return cmd
}

// wallClock is the clock of a live engine.
func wallClock() schemas.Time { return schemas.TimeOf(time.Now()) }

// serve runs the engine until ctx ends.
func serve(ctx context.Context, cfg *engineConfig, diag io.Writer) error {
	log := telemetry.NewLogger(diag, slog.LevelInfo)
	key, created, err := nats.OpenKey(cfg.Signing.SeedFile)
	if err != nil {
		return err
	}
	log.Info("signing key", "file", cfg.Signing.SeedFile, "public", key.ID, "created", created)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	wctx, hangUp := context.WithCancel(context.WithoutCancel(ctx)) // the wires live until the last verdicts are out
	defer hangUp()
	w, err := connect(wctx, cfg.NATS, newCandidate(cfg.Engine, cfg.State.Dir, cfg.NATS.Lease), key, cfg.Engine, wallClock, log)
	if err != nil {
		return err
	}
	defer w.close()
	defer hangUp()
	if err := nats.CheckSync(ctx, cfg.NATS.Monitor); err != nil {
		log.Warn("nats", "warning", err)
	}
	w.kafka, w.state = cfg.Kafka.Config, cfg.State
	if path := cfg.Control.OperatorsFile; path != "" {
		if w.operators, err = control.OpenAccess(path); err != nil {
			return usage(fmt.Errorf("control.operatorsFile: %w", err))
		}
	}
	if cfg.Kafka.Group != "" {
		if w.committer, err = kafka.NewCommitter(w.kafka, cfg.Kafka.Group); err != nil {
			return usage(err)
		}
	}
	if err := w.openRegistry(ctx, cfg.Kafka.Registry); err != nil {
		return err
	}
	if err := w.openHooks(&cfg.Webhooks); err != nil {
		return usage(err)
	}
	w.running.Go(func() { w.hooks.run(wctx) })
	w.health.SetReady("journal", true, "")
	w.running.Go(func() { w.watchNATS(wctx) })
	w.running.Go(func() { w.guard(wctx) })
	w.metrics.BuildInfo(version(), "", decision.RulesVersion)
	served, err := w.listen(ctx, stop, &cfg.HTTP, log)
	if err != nil {
		return err
	}
	w.running.Go(func() {
		w.publisher.RunBeats(wctx, w.candidate.beat(), wallClock, w.board.heads, func(err error) { log.Error("heartbeat", "err", err) })
	})
	f := &folder{wires: w, dir: cfg.Rollouts.Dir, diag: diag}
	err = f.watch(ctx)
	stop()
	await(drainFor, func() bool { return w.outbox.Len() == 0 || !w.nc.IsConnected() })
	err = errors.Join(err, <-served)
	log.Info("stopped")
	return err
}

// watchNATS keeps the readiness of the connection until ctx ends, and what the outbox
// holds in the metrics.
func (w *wires) watchNATS(ctx context.Context) {
	changes := w.nc.StatusChanged(natsgo.CONNECTED, natsgo.RECONNECTING, natsgo.DISCONNECTED, natsgo.CLOSED)
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for was := true; ; {
		up := w.nc.IsConnected()
		if up && !was {
			select {
			case w.back <- struct{}{}:
			default:
			}
		}
		was = up
		w.health.SetReady("nats", up, map[bool]string{true: "connected", false: "not connected: verdicts wait"}[up])
		age := time.Duration(0)
		if since, ok := w.outbox.Oldest(); ok {
			age = w.now().Sub(since)
		}
		w.metrics.OutboxAge(age.Seconds())
		select {
		case <-ctx.Done():
			w.nc.RemoveStatusListener(changes)
			return
		case <-changes:
		case <-look.C:
		}
	}
}

// lookEvery is how often a live engine asks whether there is something to judge.
const lookEvery = 100 * time.Millisecond

// clock sends lazy ticks until ctx ends.
func clock(ctx context.Context, ticks chan<- pump.Tick) {
	t := time.NewTicker(lookEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		select {
		case ticks <- pump.Tick{Wall: wallClock(), Lazy: true}:
		case <-ctx.Done():
			return
		}
	}
}

func refused(diag io.Writer, err error) {
	fmt.Fprintf(diag, "refused, nothing changes: %v\n", err)
}
