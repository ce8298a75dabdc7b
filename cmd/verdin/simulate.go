package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"verdin/ingest/recording"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/scenario"
	"verdin/schemas"
)

// simulationStart is the logical clock's start when none is given: a fixed instant,
// so that a scenario and a seed name one recording.
var simulationStart = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

func newSimulate() *cobra.Command {
	var name, out, output string
	var seed uint64
	var rate float64
	cmd := &cobra.Command{
		Use:   "simulate --scenario NAME --out FILE",
		Short: "Write a demo scenario as a recording, with its spec beside it",
		Long: `Write a demo scenario as a recording, with its spec beside it.

FILE is NDJSON; .gz and .zst compress. The spec is written to the same name with
.yaml. Traffic follows the verdicts of the engine, as in the demo, so a replay of
the recording gives the same verdicts. They go to standard output.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			sc, err := scenario.Lookup(name)
			if err != nil {
				return usage(err)
			}
			if out == "" {
				return usage(fmt.Errorf("simulate wants --out FILE, for example --out %s.ndjson.zst", name))
			}
			if rate < 0 {
				return usage(fmt.Errorf("simulate --rate is %g: name the requests per second, or 0 for the scenario's own", rate))
			}
			print, err := printer(output, cmd.OutOrStdout())
			if err != nil {
				return usage(err)
			}
			if rate > 0 {
				sc.RequestsPerSecond = rate
			}
			sc.Name = logName(out) // verdicts name the log that they come from
			if err := spare(specPath(out), out, sc.Spec); err != nil {
				return usage(err)
			}
			w, err := recording.Create(out)
			if err != nil {
				return err
			}
			state, err := pump.Simulate(cmd.Context(), sc, seed, schemas.TimeOf(simulationStart), w, func(o engine.Outcome) error {
				if o.Verdict == nil {
					return nil
				}
				return print(o.Verdict)
			})
			if closed := w.Close(); err == nil {
				err = closed
			}
			if err != nil {
				return err
			}
			spec := specPath(out)
			if err := os.WriteFile(spec, sc.Spec, 0o644); err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s; replay it with: verdin replay %s --spec %s\n", name, state.Phase, out, spec)
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "scenario", "good", "one of "+strings.Join(scenario.Names(), ", "))
	cmd.Flags().StringVar(&out, "out", "", "file to write (required)")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "seed of the traffic")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text: one sentence a verdict; jsonl: verdict payloads, one a line")
	cmd.Flags().Float64Var(&rate, "rate", 0, "requests per second, 0 = the scenario's own")
	return cmd
}

// logName is how verdicts name a recording, wherever it lies and however it is
// compressed: its file's name without endings.
func logName(recording string) string {
	name, _, _ := strings.Cut(filepath.Base(recording), ".")
	return name
}

// specPath is where the spec of a recording stands.
func specPath(recording string) string {
	return filepath.Join(filepath.Dir(recording), logName(recording)+".yaml")
}

// spare refuses to write a spec over the recording, or over a spec that is not the
// scenario's.
func spare(spec, out string, text []byte) error {
	if spec == filepath.Clean(out) {
		return fmt.Errorf("simulate writes the spec to %s beside the recording: give --out another ending, for example .ndjson.zst", spec)
	}
	old, err := os.ReadFile(spec)
	if err == nil && !bytes.Equal(old, text) {
		return fmt.Errorf("simulate would write the spec over %s, which differs: move it away, or choose another --out", spec)
	}
	return nil
}
