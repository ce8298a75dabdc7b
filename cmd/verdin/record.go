package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/ingest/registry"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/archive"
	"verdin/internal/pump/journal"
	"verdin/internal/telemetry"
	"verdin/publish/nats"
	"verdin/schemas"
)

// recorder is one call of verdin record.
type recorder struct {
	config, rollout, out string
	generation           uint64
	cfg                  *engineConfig
	diag                 io.Writer
	close                func() error // of the registry
}

func newRecord() *cobra.Command {
	r := &recorder{close: func() error { return nil }}
	cmd := &cobra.Command{
		Use:   "record ROLLOUT -o FOLDER",
		Short: "Record a live rollout: events from Kafka, journal from NATS, its spec",
		Long: `Record a live rollout: events from Kafka, journal from NATS, its spec.

The folder holds all that the verdicts depended on: verdin replay FOLDER gives them
again, byte for byte. The rollout may be running; what it has decided by now is
recorded. Kafka must still hold what it has read.`,
		Args: exactArgs(1, "a rollout, namespace/name"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			r.rollout, r.diag = args[0], cmd.ErrOrStderr()
			if r.out == "" {
				return usage(errors.New("record wants -o FOLDER, where the recording goes"))
			}
			if r.cfg, err = loadConfig(r.config); err != nil {
				return usage(err)
			}
			return r.run(cmd.Context())
		},
	}
	cmd.Flags().StringVarP(&r.config, "config", "c", "verdin.yaml", "engine file: where Kafka and NATS are")
	cmd.Flags().StringVarP(&r.out, "output", "o", "", "folder to write (required)")
	cmd.Flags().Uint64Var(&r.generation, "generation", 0, "generation to record, default the last")
	return cmd
}

func (r *recorder) run(ctx context.Context) error {
	records, script, err := r.journal(ctx)
	if err != nil {
		return err
	}
	spec, err := decision.Parse([]byte(script.Activation.Spec), "spec.yaml")
	if err != nil {
		return fmt.Errorf("the spec in the journal of %s: %w", r.rollout, err)
	}
	w, err := archive.Create(r.out, script, records)
	if err != nil {
		return err
	}
	t := &pump.Transcript{Script: script, Layout: engine.Layout(spec), Write: w.Write}
	if err := errors.Join(r.schemas(t, w.SchemasPath()), r.events(ctx, t)); err != nil {
		return errors.Join(err, w.Abort())
	}
	if err := errors.Join(r.close(), w.Close()); err != nil {
		return err
	}
	fmt.Fprintf(r.diag, "recorded %s, generation %d: %d cuts, %d verdicts, %d logs\n", script.Activation.Rollout,
		script.Activation.Generation, len(script.Cuts), len(script.Intents), len(script.Activation.Logs))
	if t.Oversize > 0 {
		fmt.Fprintf(r.diag, "%d records above the limit of size are not in it: they gave no row\n", t.Oversize)
	}
	return nil
}

// journal reads the records of one generation, and what they say.
func (r *recorder) journal(ctx context.Context) (records [][]byte, script pump.Script, err error) {
	ns, name, err := schemas.SplitRollout(r.rollout)
	if err != nil {
		return nil, script, usage(err)
	}
	nc, err := nats.Connect(r.cfg.NATS.Config, func(error) {})
	if err != nil {
		return nil, script, err
	}
	defer nc.Close()
	var seen []uint64
	done := errors.New("the generation is over")
	err = nats.ReadJournal(ctx, nc, ns, name, 0, func(index uint64, b []byte) error {
		rec, err := journal.Parse(b)
		if err != nil {
			return fmt.Errorf("journal of %s, record %d: %w", r.rollout, index, err)
		}
		if a, ok := rec.(*journal.Activation); ok {
			if r.generation > 0 && len(seen) > 0 && seen[len(seen)-1] == r.generation {
				return done
			}
			seen, records = append(seen, a.Generation), nil
		}
		if len(seen) == 0 {
			return nil // the stream has dropped the beginning of this generation
		}
		records = append(records, slices.Clone(b))
		return script.Take(rec)
	})
	switch last := len(seen) - 1; {
	case err != nil && !errors.Is(err, done):
		return nil, script, err
	case last < 0:
		return nil, script, fmt.Errorf("no journal of %s in the stream %s: is it the name of a rollout that an engine runs on this NATS?", r.rollout, schemas.StreamJournal)
	case r.generation > 0 && seen[last] != r.generation:
		return nil, script, fmt.Errorf("no journal of generation %d of %s: there are %d", r.generation, r.rollout, seen)
	}
	return records, script, nil
}

// schemas lets the transcript ask the registry, if there is one, and keeps the answers
// in the recording. What the engine was answered then comes first: an id may have been
// registered since.
func (r *recorder) schemas(t *pump.Transcript, path string) error {
	if r.cfg.Kafka.Registry == nil {
		return nil
	}
	c := *r.cfg.Kafka.Registry
	from := answersOf(&c, r.cfg.State.Dir)
	switch known, err := os.ReadFile(from); {
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintf(r.diag, "the registry's answers to the engine are not here (%s): it is asked anew; ids that were unknown to the engine and are registered since would change verdicts\n", from)
	case err != nil:
		return fmt.Errorf("kafka.registry.cache: %w", err)
	default:
		if err := os.WriteFile(path, known, 0o644); err != nil {
			return fmt.Errorf("recording: %w", err)
		}
	}
	c.Cache = path
	reg, err := registry.Open(c, telemetry.NewLogger(r.diag, slog.LevelWarn))
	if err != nil {
		return err
	}
	t.Schemas, r.close = reg, reg.Close
	return nil
}

// events reads from Kafka what the rollout has read.
func (r *recorder) events(ctx context.Context, t *pump.Transcript) error {
	as := t.Assignments()
	if len(as) == 0 {
		return nil
	}
	c, err := kafka.Open(ctx, r.cfg.Kafka.Config, as)
	if err != nil {
		return err
	}
	defer c.Close()
	if terminalWriter(r.diag) {
		bar := progressbar.Default(-1, "record")
		t.Read = func(n int64) { _ = bar.Add64(n) }
	}
	if err := t.Run(ctx, c.Records()); err != nil {
		return errors.Join(err, c.Err())
	}
	return nil
}
