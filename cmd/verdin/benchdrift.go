package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"verdin/internal/bench"
)

func newBenchDrift() *cobra.Command {
	var o bench.Options
	var full bool
	var out string
	cmd := &cobra.Command{
		Use:   "drift",
		Short: "False alarms and events to a verdict of the drift checks",
		Long: `Play simulated rollouts to Verdin's drift checks and to the rules of other programs,
and print what they do: harmless canaries rolled back under 200 looks, at shares of 1
to 50 %, in a moving world, at a tolerated distance, with users who come back; and how
many rows they need to find a drift.

Equal seeds and runs give equal tables. With --out DIR the tables go into
DIR/` + benchPage + ` between its marks, and plots into DIR/figures.
Exit code 1 if a bar is not met.`,
		Args: exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if full {
				o.Runs = bench.FullRuns
			}
			if o.Runs < 1 {
				return usage(fmt.Errorf("bench --runs is %d: name at least 1 run a row", o.Runs))
			}
			o.Progress = cmd.ErrOrStderr()
			return report(cmd, out, func(ctx context.Context) (bench.Report, error) { return bench.Drift(ctx, o) })
		},
	}
	cmd.Flags().IntVar(&o.Runs, "runs", bench.DefaultRuns, "simulated rollouts a row")
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the simulations")
	cmd.Flags().BoolVar(&full, "full", false, fmt.Sprintf("the full version, %s runs a row: about half an hour of CPU", bench.Thousands(bench.FullRuns)))
	cmd.Flags().StringVar(&out, "out", "", "folder of the page to write into, for example docs")
	return cmd
}
