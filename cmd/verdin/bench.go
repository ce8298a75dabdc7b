package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"verdin/internal/bench"
)

// benchPage is the page that benchmarks write their parts into.
const benchPage = "operating-characteristics.md"

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure what the tests promise, beside the rules of other programs",
		Args:  exactArgs(0, "the name of a benchmark"),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchStats(), newBenchDrift(), newBenchRollouts(), newBenchCost())
	return cmd
}

func newBenchStats() *cobra.Command {
	return simulation(&cobra.Command{
		Use:   "stats",
		Short: "False alarms, false promotions and delays of the sequential tests",
		Long: `Play simulated rollouts to Verdin's sequential tests and to the rules of other
programs, and print what they do: false alarms under a look at every window,
false promotions, delays against oracles, and the time to show safety.

Equal seeds and runs give equal tables. With --out DIR the tables go into
DIR/` + benchPage + ` between its marks, and plots into DIR/figures.
Exit code 1 if a bar is not met.`,
		Args: exactArgs(0, "no arguments"),
	}, "about seven minutes", bench.Stats)
}

// simulation gives a command the flags of simulated tables, and makes it print them.
// Cost is the CPU time of the full version, for the help.
func simulation(cmd *cobra.Command, cost string, play func(context.Context, bench.Options) (bench.Report, error)) *cobra.Command {
	var o bench.Options
	var full bool
	var out string
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if full {
			o.Runs = bench.FullRuns
		}
		if o.Runs < 1 {
			return usage(fmt.Errorf("bench --runs is %d: name at least 1 run a row", o.Runs))
		}
		o.Progress = cmd.ErrOrStderr()
		return report(cmd, out, func(ctx context.Context) (bench.Report, error) { return play(ctx, o) })
	}
	cmd.Flags().IntVar(&o.Runs, "runs", bench.DefaultRuns, "simulated rollouts a row")
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the simulations")
	cmd.Flags().BoolVar(&full, "full", false, fmt.Sprintf("the full version, %s runs a row: %s of CPU", bench.Thousands(bench.FullRuns), cost))
	cmd.Flags().StringVar(&out, "out", "", "folder of the page to write into, for example docs")
	return cmd
}

func newBenchCost() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "cost",
		Short: "Time and allocations of each test per window",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return report(cmd, out, func(context.Context) (bench.Report, error) { return bench.Cost(), nil })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "folder of the page to write into, for example docs")
	return cmd
}

// report makes a report, prints it or writes it into its page, and fails if a bar is
// not met.
func report(cmd *cobra.Command, out string, make func(context.Context) (bench.Report, error)) error {
	r, err := make(cmd.Context())
	if err != nil {
		return err
	}
	if out == "" {
		fmt.Fprint(cmd.OutOrStdout(), r.Text)
	} else if err := writeReport(r, out); err != nil {
		return err
	}
	for _, b := range r.Broken {
		fmt.Fprintln(cmd.ErrOrStderr(), "not met: "+b)
	}
	if n := len(r.Broken); n > 0 {
		return fmt.Errorf("bench: %d bars are not met, see above", n)
	}
	return nil
}

// writeReport writes a report's text between its marks in a folder's page, which is
// begun if there is none, and its figures beside it.
func writeReport(r bench.Report, folder string) error {
	path := filepath.Join(folder, benchPage)
	page, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		page = fmt.Appendf(nil, "# Operating characteristics\n\n<!-- bench %s: begin -->\n<!-- bench %s: end -->\n", r.Part, r.Part)
	} else if err != nil {
		return err
	}
	if page, err = r.Insert(page); err != nil {
		return fmt.Errorf("write into %s: %w", path, err)
	}
	figures := filepath.Join(folder, "figures")
	if err := os.MkdirAll(figures, 0o755); err != nil {
		return err
	}
	for _, f := range r.Figures {
		if err := os.WriteFile(filepath.Join(figures, f.Name), f.SVG, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(path, page, 0o644)
}
