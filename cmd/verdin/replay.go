package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"verdin/decision"
	"verdin/ingest/foreign"
	"verdin/ingest/recording"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/schemas"
)

func newReplay() *cobra.Command {
	var specPath, output string
	var mapping foreign.Options
	cmd := &cobra.Command{
		Use:   "replay FILE… --spec SPEC",
		Short: "Judge recorded streams offline, with the same engine as live",
		Long: `Judge recorded streams offline, with the same engine as live.

Each FILE is a recording: NDJSON, plain or compressed (.gz, .zst), Arrow IPC, CSV or
Parquet; "-" is standard input. With --map, --field or --set it is a table of
another system. A folder that verdin record wrote needs no --spec: its journal gives
the verdicts of then; with --spec it is a what-if.

The verdict log goes to standard output. Exit code: 0 promoted or completed, 3 rolled
back, 4 neither, 1 a file that cannot be read or an internal error, 2 a spec that is
refused.`,
		Args: minArgs(1, "at least one recording"),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := folders(args, specPath, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if len(files) == 0 {
				state, err := replayFolder(cmd.Context(), args[0], output, cmd.OutOrStdout(), cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				return phaseExit(state.Phase)
			}
			if specPath == "" {
				return usage(errors.New("replay wants --spec SPEC, the rollout that the recording is judged by"))
			}
			spec, err := loadSpec(specPath)
			if err != nil {
				return err
			}
			state, err := replay(cmd.Context(), spec, files, mapping, output, cmd.OutOrStdout(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return phaseExit(state.Phase)
		},
	}
	cmd.Flags().StringVar(&specPath, "spec", "", "rollout spec; required but for a folder of verdin record")
	cmd.Flags().StringVarP(&output, "output", "o", "jsonl", "jsonl: verdict payloads, one a line; text: one sentence a verdict")
	mappingFlags(cmd, &mapping)
	return cmd
}

// phaseExit maps a rollout's final phase to the exit code.
func phaseExit(phase string) error {
	switch phase {
	case schemas.PhasePromoted, schemas.PhaseCompleted:
		return nil
	case schemas.PhaseRolledBack:
		return exitError{code: exitRollback}
	}
	return exitError{code: exitUndecided}
}

// replay runs a spec over recordings and writes its verdict log.
func replay(ctx context.Context, spec *decision.Spec, files []tape, mapping foreign.Options, output string, out, diag io.Writer) (decision.State, error) {
	print, err := printer(output, out)
	if err != nil {
		return decision.State{}, usage(err)
	}
	r := &pump.Replay{Spec: spec, Layout: engine.Layout(spec)}
	r.Each = func(o engine.Outcome) error {
		if o.Verdict == nil {
			return nil
		}
		return print(o.Verdict)
	}
	mapping.Rollout = spec.FullName()
	maps := make([]*foreign.Map, len(files))
	rejected := &rejects{}
	r.Counts = func(c engine.Counts) {
		fmt.Fprintln(diag, summary(c))
		if rejected.n > 0 {
			fmt.Fprintln(diag, rejected)
		}
		for _, m := range maps {
			tellMapping(diag, m)
		}
	}
	var names []string
	for _, f := range files {
		names = append(names, f.path)
	}
	bar := progress(diag, names)
	for i, f := range files {
		s, m, err := openSource(ctx, f.path, r.Layout, recording.StreamOptions{Log: i, Progress: bar, Codec: f.codec}, mapping)
		if err != nil {
			return decision.State{}, err
		}
		defer s.Close()
		maps[i] = m
		r.Sources = append(r.Sources, watched{s, f.path, rejected})
		r.Logs = append(r.Logs, schemas.Log{Topic: logName(f.path), Partition: int32(i), Kinds: 1<<schemas.Kinds - 1})
	}
	state, err := r.Run(ctx)
	if errors.Is(err, pump.ErrEmpty) {
		why := "is it NDJSON with one event a line?"
		if rejected.n > 0 {
			why = rejected.String()
		}
		return state, fmt.Errorf("%w %s: %s", err, strings.Join(names, ", "), why)
	}
	return state, err
}

// open opens a recording, or gives up when ctx ends: a pipe may never say a word.
func open(ctx context.Context, path string, layout *schemas.Layout, opt recording.StreamOptions) (*recording.Stream, error) {
	var s *recording.Stream
	var err error
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		s, err = recording.OpenStream(ctx, path, layout, opt)
	}()
	select {
	case <-opened:
		return s, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// printer writes verdicts in the chosen form.
func printer(output string, out io.Writer) (func(*schemas.Verdict) error, error) {
	switch output {
	case "jsonl":
		return func(v *schemas.Verdict) error {
			_, err := out.Write(append(v.AppendJSON(nil), '\n'))
			return err
		}, nil
	case "text":
		return func(v *schemas.Verdict) error {
			_, err := fmt.Fprintln(out, oneLine(v))
			return err
		}, nil
	}
	return nil, fmt.Errorf("unknown output %q: use jsonl or text", output)
}

// summary accounts for every row.
func summary(c engine.Counts) string {
	return fmt.Sprintf("rows: %d counted, %d duplicate, %d late, %d of other rollouts or names, %d of unknown arms, %d before the first window, %d without key",
		c.Counted, c.Duplicate, c.Late, c.Other, c.Arm, c.Early, c.NoKey)
}

// progress shows how much of the files was read, on a terminal only.
func progress(diag io.Writer, files []string) func(read int64) {
	if !terminalWriter(diag) {
		return nil
	}
	var total int64
	for _, name := range files {
		if info, err := os.Stat(name); err == nil {
			total += info.Size()
		}
	}
	bar := progressbar.DefaultBytes(total, "replay")
	return func(read int64) { _ = bar.Add64(read) }
}

func terminalWriter(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && terminal(f)
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
