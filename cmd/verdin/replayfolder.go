package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/ingest/recording"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/archive"
	"verdin/internal/pump/journal"
)

// replayFolder gives the verdicts of a live recording again, by its journal. Each
// verdict must be the one that was published then.
func replayFolder(ctx context.Context, dir, output string, out, diag io.Writer) (state decision.State, err error) {
	print, err := printer(output, out)
	if err != nil {
		return state, usage(err)
	}
	f, err := archive.Open(dir)
	if err != nil {
		return state, err
	}
	spec, err := decision.Parse([]byte(f.Script.Activation.Spec), "spec.yaml")
	if err != nil {
		return state, fmt.Errorf("the spec in the journal of %s: %w", dir, err)
	}
	core, err := pump.Begin(f.Script.Activation, spec)
	if err != nil {
		return state, err
	}
	r := &pump.Rerun{Spec: spec, Script: f.Script, Core: core, Each: func(o engine.Outcome, _ *journal.Cut) error {
		state = o.State
		if o.Verdict == nil {
			return nil
		}
		return print(o.Verdict)
	}}
	var files []string
	for i := range f.Logs() {
		files = append(files, f.Path(i))
	}
	bar := progress(diag, files)
	for i := range files {
		s, err := f.Stream(ctx, i, engine.Layout(spec), recording.StreamOptions{Progress: bar})
		if err != nil {
			return state, err
		}
		defer s.Close()
		r.Sources = append(r.Sources, s)
	}
	err = r.Run(ctx)
	if err == nil {
		err = r.Drain(ctx)
	}
	switch {
	case errors.Is(err, pump.ErrDiverged):
		return state, fmt.Errorf("%s: %w: was a file changed, or was it recorded by another version (rules %s, this build has %s)?", dir, err, f.Script.Activation.Rules, decision.RulesVersion)
	case err != nil:
		return state, fmt.Errorf("%s: %w", dir, err)
	}
	fmt.Fprintf(diag, "%d cuts, %d verdicts: each is the one that was published\n", len(f.Script.Cuts), len(f.Script.Intents))
	return state, nil
}

// tape is a file to replay, and how its lines are decoded.
type tape struct {
	path  string
	codec codec.Options
}

// whatIf lists the files of a live recording for a replay by another spec.
func whatIf(dir string, diag io.Writer) (files []tape, err error) {
	f, err := archive.Open(dir)
	if err != nil {
		return nil, err
	}
	for i := range f.Logs() {
		files = append(files, tape{f.Path(i), f.Decoding(i)})
	}
	fmt.Fprintf(diag, "what if: the events of %s by another spec; its journal is left aside, so these are not the verdicts of then\n", dir)
	return files, nil
}

// folders replaces live recordings among the arguments by their files. Alone and
// without a spec such a recording is replayed by its journal: then none is returned.
func folders(args []string, spec string, diag io.Writer) (files []tape, err error) {
	for _, path := range args {
		switch {
		case !archive.Is(path):
			files = append(files, tape{path: path})
		case spec == "" && len(args) == 1:
			return nil, nil
		case spec == "":
			return nil, usage(fmt.Errorf("%s is a live recording: replay it alone, or by --spec SPEC", path))
		default:
			more, err := whatIf(path, diag)
			if err != nil {
				return nil, err
			}
			files = append(files, more...)
		}
	}
	return files, nil
}
