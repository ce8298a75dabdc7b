package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"verdin/internal/bench"
)

func newBenchRollouts() *cobra.Command {
	cmd := simulation(&cobra.Command{
		Use:   "rollouts",
		Short: "Whole rollouts through the engine, beside the controllers of other programs",
		Long: `Play whole simulated rollouts to Verdin's judge and decision, and to the rules of
Argo Rollouts, Flagger and GrowthBook in the same worlds: how often harmless canaries
are rolled back, canaries at the margin are promoted, harmful ones are found, and how
many requests they serve until then.

Equal seeds and runs give equal tables. With --out DIR the tables go into
DIR/` + benchPage + ` between its marks, and plots into DIR/figures.
With --only ROW --run N one rollout of a row is played again and its verdicts are
printed. Exit code 1 if a bar is not met.`,
		Args: exactArgs(0, "no arguments"),
	}, "about twenty minutes", bench.Rollouts)
	table := cmd.RunE
	var only string
	var run int
	cmd.Flags().StringVar(&only, "only", "", "row of which one rollout is printed")
	cmd.Flags().IntVar(&run, "run", 0, "which of the row's rollouts, from 0; with --only")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case only == "" && cmd.Flags().Changed("run"):
			return usage(fmt.Errorf("bench --run %d is of no row: name one by --only", run))
		case only == "":
			return table(cmd, args)
		case run < 0:
			return usage(fmt.Errorf("bench --run is %d: rollouts count from 0", run))
		}
		seed, err := cmd.Flags().GetUint64("seed")
		if err != nil {
			return err
		}
		if err := bench.Trace(cmd.OutOrStdout(), seed, only, run); err != nil {
			return usage(err)
		}
		return nil
	}
	return cmd
}
