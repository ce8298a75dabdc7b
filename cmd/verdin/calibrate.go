package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"verdin/decision"
	"verdin/ingest/foreign"
	"verdin/ingest/recording"
	"verdin/internal/calibrate"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/archive"
	"verdin/schemas"
)

// calibration is what the command was asked.
type calibration struct {
	spec    string
	out     string
	output  string
	mapping foreign.Options
	calibrate.Options
}

func newCalibrate() *cobra.Command {
	c := &calibration{}
	cmd := &cobra.Command{
		Use:   "calibrate RECORDING… --spec SPEC",
		Short: "Try a spec's checks on recorded history: false alarms, margins, what faults are found",
		Long: `Try a spec's checks on recorded history: false alarms, margins, what faults are found.

Each RECORDING is what replay reads, or a folder that verdin record wrote; its stable
arm is used. It is dealt to two arms many times by a salted hash and judged by the
engine that judges live rollouts: nothing is wrong then, so every alarm is a false
one. Suggested margins and limits are judged again on other salts, and then faults
are put into the canary. In the spec, of: features.* stands for every feature that
the recording has.

Into DIR go baseline.json (reference distributions), spec.yaml (as suggested; validate
accepts it), report.html (with plots) and report.json.`,
		Example: `  verdin simulate --scenario aa --rate 5 --out history.ndjson.zst
  verdin calibrate history.ndjson.zst --spec history.yaml --out calibration`,
		Args: minArgs(1, "at least one recording"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.spec == "" {
				return usage(errors.New("calibrate wants --spec SPEC, the rollout whose checks are tried"))
			}
			if c.output != "table" && c.output != "json" {
				return usage(fmt.Errorf("unknown output %q: use table or json", c.output))
			}
			if !(c.Target > 0 && c.Target < 1) || !(c.Share > 0 && c.Share < 1) || c.Splits < 1 || c.Power < 0 {
				return usage(errors.New("calibrate: --target and --share lie between 0 and 1, --splits is at least 1, --power at least 0"))
			}
			return c.run(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.spec, "spec", "", "rollout spec (required)")
	f.StringVar(&c.out, "out", "calibration", "folder for the baseline, the suggested spec and the report")
	f.Float64Var(&c.Target, "target", 0.05, "greatest share of false alarms of a check")
	f.Float64Var(&c.Share, "share", 0.5, "the canary's part of the units")
	f.IntVar(&c.Splits, "splits", 100, "A/A splits, twice: for suggestions, and to judge them")
	f.IntVar(&c.Power, "power", 10, "canaries with a fault, per fault and field; 0 = none")
	f.Uint64Var(&c.Seed, "seed", 1, "seed of the salts")
	f.StringVarP(&c.output, "output", "o", "table", "table, or json: the whole report")
	mappingFlags(cmd, &c.mapping)
	return cmd
}

func (c *calibration) run(ctx context.Context, paths []string, out, diag io.Writer) error {
	if c.Power == 0 {
		c.Power = -1 // none; 0 is the default of the options
	}
	spec, err := c.load(paths)
	if err != nil {
		return err
	}
	history, err := c.read(ctx, spec, paths, diag)
	if err != nil {
		return err
	}
	trials, rows := history.Trials(spec, c.Options), int64(0)
	for _, n := range history.Rows {
		rows += n
	}
	fmt.Fprintf(diag, "%d splits of %d rows are played; fewer with --splits and --power, or of a shorter recording\n", trials, rows)
	if terminalWriter(diag) {
		bar := progressbar.Default(int64(trials), "calibrate")
		c.Done = func(n int) { _ = bar.Add(n) }
	}
	report, err := calibrate.Run(ctx, history, spec, c.Options)
	if err != nil {
		return err
	}
	if err := c.write(report); err != nil {
		return err
	}
	fmt.Fprintf(diag, "written to %s: baseline.json, spec.yaml, report.html, report.json\n", c.out)
	if c.output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(report)
	}
	return report.Table(out)
}

// load reads the spec; features.* becomes what the recordings have.
func (c *calibration) load(paths []string) (*decision.Spec, error) {
	text, err := os.ReadFile(c.spec)
	if err != nil {
		return nil, usage(err)
	}
	if strings.Contains(string(text), calibrate.All) {
		names, err := c.features(paths[0])
		if err != nil {
			return nil, err
		}
		if text, err = calibrate.Expand(text, names); err != nil {
			return nil, usage(err)
		}
	}
	spec, err := decision.Parse(text, c.spec) // its baselines are made here, not read
	return spec, usage(err)
}

// featureLines is how many lines are looked at for the names of features.
const featureLines = 10_000

func (c *calibration) features(path string) ([]string, error) {
	if archive.Is(path) {
		return nil, usage(fmt.Errorf("%s in the spec: the features of %s are not told by a live recording: list the fields to watch", calibrate.All, path))
	}
	lines, _, err := openLines(path, c.mapping)
	if err != nil {
		return nil, err
	}
	defer lines.Close()
	return calibrate.FeatureNames(lines.Next, featureLines)
}

// read loads the stable arm of all recordings.
func (c *calibration) read(ctx context.Context, spec *decision.Spec, paths []string, diag io.Writer) (*calibrate.History, error) {
	layout := engine.Layout(spec)
	c.mapping.Rollout = spec.FullName()
	rejected := &rejects{}
	var logs []schemas.Log
	var sources []pump.Source
	bar := progress(diag, paths)
	for _, path := range paths {
		if archive.Is(path) {
			f, err := archive.Open(path)
			if err != nil {
				return nil, err
			}
			for i, l := range f.Logs() {
				s, err := f.Stream(ctx, i, layout, recording.StreamOptions{})
				if err != nil {
					return nil, err
				}
				defer s.Close()
				logs, sources = append(logs, l), append(sources, watched{s, f.Path(i), rejected})
			}
			continue
		}
		s, _, err := openSource(ctx, path, layout, recording.StreamOptions{Log: len(logs), Progress: bar}, c.mapping)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		logs = append(logs, schemas.Log{Topic: logName(path), Partition: int32(len(logs)), Kinds: 1<<schemas.Kinds - 1})
		sources = append(sources, watched{s, path, rejected})
	}
	history, err := calibrate.Load(ctx, spec, layout, logs, sources)
	if rejected.n > 0 {
		fmt.Fprintln(diag, rejected)
	}
	return history, err
}

// write puts the report's files into the folder.
func (c *calibration) write(r *calibrate.Report) error {
	baseline, err := r.Baseline.Append(nil)
	if err != nil {
		return err
	}
	spec, err := r.YAML()
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := r.HTML(&page); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	all, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.MkdirAll(c.out, 0o755); err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{calibrate.BaselineFile, baseline}, {"spec.yaml", spec}, {"report.html", page.Bytes()}, {"report.json", append(all, '\n')}} {
		if err := os.WriteFile(filepath.Join(c.out, f.name), f.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
