package main

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"verdin/decision"
)

func newValidate() *cobra.Command {
	var at knownTraffic
	cmd := &cobra.Command{
		Use:   "validate SPEC",
		Short: "Check a rollout spec and print it with every default",
		Long: `Check a rollout spec and print it with every default.

A spec is refused at the place that is wrong. With --traffic, or with recordings of the
same rollout, a stage is refused too that cannot decide within its maxDuration at that
traffic; what it needs, and what would help, is told. What shares and means usually read
is taken from the recordings' stable arm, or from --rate, which wins.

The spec goes to standard output. The tests that it asks for go to standard error: each
with its method, whether the bound on its errors is exact or asymptotic (docs/statistics.md,
docs/drift.md), the risk that it may take in the first generation, and the claim that it
speaks against.`,
		Example: `  verdin validate rollout.yaml --traffic 1000/min --rate error_rate=0.01
  verdin validate rollout.yaml --recording monday.ndjson.zst`,
		Args: exactArgs(1, "the spec's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := loadSpec(args[0])
			if err != nil {
				return err
			}
			if err := at.check(cmd.Context(), spec, args[0], cmd.ErrOrStderr()); err != nil {
				return err
			}
			if _, err = cmd.OutOrStdout().Write(spec.YAML()); err != nil {
				return err
			}
			tellTests(cmd.ErrOrStderr(), spec)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&at.traffic, "traffic", "", "predictions of both arms, such as 1000/min, 20/s or 5000/h")
	f.StringArrayVar(&at.rates, "rate", nil, "what a metric usually reads: NAME=SHARE, or for a mean NAME=MEAN:SD (repeatable)")
	f.StringArrayVar(&at.recordings, "recording", nil, "recorded stream to take traffic and rates from (repeatable)")
	return cmd
}

// knownTraffic is what a caller knows of the traffic that a spec will meet.
type knownTraffic struct {
	traffic           string
	rates, recordings []string
}

// check reads a good spec again at the traffic that is known.
func (k *knownTraffic) check(ctx context.Context, spec *decision.Spec, path string, diag io.Writer) error {
	if k.traffic == "" && len(k.rates)+len(k.recordings) == 0 {
		return nil
	}
	known := &decision.Spec{Metrics: spec.Metrics}
	if len(k.recordings) > 0 {
		history, err := new(calibration).read(ctx, spec, k.recordings, diag)
		if err != nil {
			return err
		}
		known.Traffic = history.Traffic(spec)
	}
	if err := setTraffic(known, k.traffic, k.rates); err != nil {
		return usage(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return usage(err)
	}
	_, err = decision.ParseAt(data, path, known.Traffic)
	return usage(err)
}

// loadSpec reads a rollout spec; a spec that is refused is a usage error.
func loadSpec(path string) (*decision.Spec, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, usage(err)
	}
	return parseSpec(data, path)
}
