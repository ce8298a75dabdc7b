package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"verdin/decision"
	verdictlog "verdin/publish/log"
	"verdin/publish/nats"
	"verdin/schemas"
)

func newExplain() *cobra.Command {
	var e engines
	var output string
	var sequence uint64
	cmd := &cobra.Command{
		Use:   "explain VERDICT.json | ROLLOUT",
		Short: "Explain a verdict: why, every number, and what would have changed it",
		Long: `Explain a verdict: why, every number, and what would have changed it.

VERDICT.json is a file with a verdict or a log of them ("-" is standard input): the
last one is explained, or the one that --sequence names. For a ROLLOUT it is the verdict
that stands in NATS, which needs no engine to answer; with --http it is asked of one.`,
		Args: exactArgs(1, "one file or one rollout"),
		RunE: func(cmd *cobra.Command, args []string) error {
			render, ok := explanations[output]
			if !ok {
				return usage(fmt.Errorf("unknown output %q: use text, json or markdown", output))
			}
			v, err := e.verdict(cmd.Context(), args[0], cmd.InOrStdin(), sequence)
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), render(v))
			return err
		},
	}
	e.flags(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, json or markdown")
	cmd.Flags().Uint64Var(&sequence, "sequence", 0, "of a log: explain the last verdict with this sequence")
	return cmd
}

var explanations = map[string]func(*schemas.Verdict) string{
	"text":     decision.Explain,
	"json":     func(v *schemas.Verdict) string { return string(decision.ExplainJSON(v)) },
	"markdown": decision.ExplainMarkdown,
}

// verdict finds the verdict that is to be explained.
func (e *engines) verdict(ctx context.Context, what string, in io.Reader, sequence uint64) (*schemas.Verdict, error) {
	if what == "-" {
		return lastOf("standard input", in, sequence)
	}
	if f, err := os.Open(what); err == nil {
		defer f.Close()
		return lastOf(what, f, sequence)
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	ns, rollout, err := schemas.SplitRollout(what)
	if err != nil {
		return nil, usage(fmt.Errorf("%s is no file, and no rollout: %w", what, err))
	}
	if e.http == "" {
		return e.stored(ctx, ns, rollout)
	}
	op, hangUp, err := e.open()
	if err != nil {
		return nil, err
	}
	defer hangUp()
	st, err := op.Status(ctx, ns, rollout)
	if err == nil && st.Head == nil {
		err = fmt.Errorf("rollout %s/%s has no verdict yet", ns, rollout)
	}
	return st.Head, err
}

// maxLog bounds a file that is explained, in bytes.
const maxLog = 256 << 20

// lastOf reads a verdict, however it is laid out, or a log with one a line.
func lastOf(name string, in io.Reader, sequence uint64) (v *schemas.Verdict, err error) {
	data, err := io.ReadAll(io.LimitReader(in, maxLog))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	take := func(next *schemas.Verdict, _ []byte) error {
		if sequence == 0 || next.Sequence == sequence {
			v = next
		}
		return nil
	}
	if one, single := schemas.ParseVerdict(data); single == nil {
		err = take(one, nil)
	} else {
		err = verdictlog.Read(bytes.NewReader(data), take)
	}
	if err == nil && v == nil {
		err = errors.New("it holds no verdict")
		if sequence > 0 {
			err = fmt.Errorf("it holds no verdict with sequence %d", sequence)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

// stored reads the verdict that stands in NATS.
func (e *engines) stored(ctx context.Context, ns, rollout string) (*schemas.Verdict, error) {
	nc, err := nats.Connect(e.nats, nil)
	if err != nil {
		return nil, err
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, err
	}
	stream, err := js.Stream(ctx, schemas.StreamRoutes)
	if err != nil {
		return nil, fmt.Errorf("read the verdicts: %w: has an engine run against this NATS server?", err)
	}
	m, err := stream.GetLastMsgForSubject(ctx, schemas.WriteSubject(ns, rollout))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, fmt.Errorf("%s is no file, and NATS holds no verdict of rollout %s/%s", rollout, ns, rollout)
	}
	if err != nil {
		return nil, fmt.Errorf("read the verdict of %s/%s: %w", ns, rollout, err)
	}
	return schemas.ParseVerdict(m.Data)
}
