package main

import (
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"verdin/decision"
	"verdin/internal/planning"
)

func newPlan() *cobra.Command {
	var traffic, output string
	var rates, spreads []string
	cmd := &cobra.Command{
		Use:   "plan SPEC",
		Short: "Estimate how long each stage takes to decide, and which margins its bake reaches",
		Long: `Estimate, before any data, how long each stage of a rollout takes to decide.

Per stage and guardrail: the margin that the bake reaches, the time to show that a
canary like stable is no worse than the margin, and the time to find harm of twice
the margin; medians, and what nine rollouts in ten need at most. Traffic and base
values come from traffic: in the spec, or from flags, which win.`,
		Example: `  verdin plan rollout.yaml --traffic 1000/min --rate error_rate=0.01 --rate revenue=12:30`,
		Args:    exactArgs(1, "the spec's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "table" && output != "json" {
				return usage(fmt.Errorf("plan --output is %q: use table or json", output))
			}
			spec, err := loadSpec(args[0])
			if err != nil {
				return err
			}
			if err := setTraffic(spec, traffic, rates); err != nil {
				return usage(err)
			}
			spread, err := spreadFlags(spec, spreads)
			if err != nil {
				return usage(err)
			}
			plan, err := planning.Make(spec, spread)
			if err != nil {
				return usage(err)
			}
			if output == "json" {
				if err := json.MarshalWrite(cmd.OutOrStdout(), plan, jsontext.WithIndent("  ")); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout())
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), plan.Text())
			return err
		},
	}
	cmd.Flags().StringVar(&traffic, "traffic", "", "predictions of both arms, such as 1000/min, 20/s or 5000/h")
	cmd.Flags().StringArrayVar(&rates, "rate", nil, "what a metric usually reads: NAME=SHARE, or for a mean NAME=MEAN:SD (repeatable)")
	cmd.Flags().StringArrayVar(&spreads, "spread", nil, fmt.Sprintf("for a quantile: NAME=standard deviation of the log of its values, %g unless given (repeatable)", planning.DefaultSpread))
	cmd.Flags().StringVarP(&output, "output", "o", "table", "table or json")
	return cmd
}

// setTraffic puts what the flags say in the place of what the spec says.
func setTraffic(spec *decision.Spec, traffic string, rates []string) error {
	if traffic != "" {
		per, err := perMinute(traffic)
		if err != nil {
			return err
		}
		spec.Traffic.PerMinute = per
	}
	base := maps.Clone(spec.Traffic.Base)
	if base == nil {
		base = map[string]decision.Base{}
	}
	for _, r := range rates {
		name, values, err := named(spec, "--rate", r)
		if err != nil {
			return err
		}
		value, sd, both := strings.Cut(values, ":")
		b := decision.Base{}
		if b.Value, err = baseNumber("--rate", r, value); err == nil && both {
			b.SD, err = baseNumber("--rate", r, sd)
		}
		if err != nil {
			return err
		}
		base[name] = b
	}
	spec.Traffic.Base = base
	return nil
}

func spreadFlags(spec *decision.Spec, flags []string) (map[string]float64, error) {
	out := map[string]float64{}
	for _, f := range flags {
		name, value, err := named(spec, "--spread", f)
		if err != nil {
			return nil, err
		}
		if out[name], err = baseNumber("--spread", f, value); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// named splits NAME=VALUE and looks the metric up.
func named(spec *decision.Spec, flag, text string) (name, value string, err error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return "", "", fmt.Errorf("%s %q names no value: write NAME=VALUE, for example %s %s=0.02", flag, text, flag, text)
	}
	var names []string
	for _, m := range spec.Metrics {
		if m.Name == name {
			return name, value, nil
		}
		names = append(names, m.Name)
	}
	return "", "", fmt.Errorf("%s %q: no metric is called %q; there are %s", flag, text, name, strings.Join(names, ", "))
}

func baseNumber(flag, text, value string) (float64, error) {
	percent := strings.HasSuffix(value, "%")
	x, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
	if err != nil || x-x != 0 || x < 0 {
		return 0, fmt.Errorf("%s %q: %q is no number of at least 0", flag, text, value)
	}
	if percent {
		x /= 100
	}
	return x, nil
}

// perMinute reads a number of events per s, min or h.
func perMinute(text string) (float64, error) {
	count, unit, _ := strings.Cut(text, "/")
	n, err := strconv.ParseFloat(count, 64)
	times, known := map[string]float64{"s": 60, "min": 1, "m": 1, "h": 1.0 / 60}[unit]
	if err != nil || !known || !(n > 0) || n-n != 0 {
		return 0, fmt.Errorf("--traffic %q: write a number per s, min or h, such as 1000/min", text)
	}
	return n * times, nil
}
