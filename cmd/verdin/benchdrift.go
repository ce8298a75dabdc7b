package main

import (
	"github.com/spf13/cobra"

	"verdin/internal/bench"
)

func newBenchDrift() *cobra.Command {
	return simulation(&cobra.Command{
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
	}, "about half an hour", bench.Drift)
}
