package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

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
			return render(cmd.OutOrStdout(), v)
		},
	}
	e.flags(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, json or markdown")
	cmd.Flags().Uint64Var(&sequence, "sequence", 0, "of a log: explain the last verdict with this sequence")
	return cmd
}

var explanations = map[string]func(io.Writer, *schemas.Verdict) error{
	"text": func(out io.Writer, v *schemas.Verdict) error {
		_, err := io.WriteString(out, decision.Explain(v))
		return err
	},
	"json": func(out io.Writer, v *schemas.Verdict) error {
		return writeJSON(out, struct {
			Verdict     *schemas.Verdict `json:"verdict"`
			Meaning     string           `json:"meaning"`
			Remedy      string           `json:"remedy"`
			Explanation []string         `json:"explanation"`
		}{v, reasonOf(v).Meaning, reasonOf(v).Remedy, strings.Split(strings.TrimSpace(decision.Explain(v)), "\n")})
	},
	"markdown": func(out io.Writer, v *schemas.Verdict) error {
		_, err := io.WriteString(out, markdown(v))
		return err
	},
}

func reasonOf(v *schemas.Verdict) decision.Reason {
	for _, r := range decision.Reasons {
		if r.Code == v.Reason.Code {
			return r
		}
	}
	return decision.Reason{Code: v.Reason.Code, Meaning: "not known to this version", Remedy: "read the message"}
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
	if one, err := schemas.ParseVerdict(data); err == nil && (sequence == 0 || one.Sequence == sequence) {
		return one, nil
	}
	err = verdictlog.Read(bytes.NewReader(data), func(next *schemas.Verdict, _ []byte) error {
		if sequence == 0 || next.Sequence == sequence {
			v = next
		}
		return nil
	})
	if err == nil && v == nil {
		err = errors.New("it holds no such verdict")
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

// markdown is an explanation for a ticket or a chat.
func markdown(v *schemas.Verdict) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	r := reasonOf(v)
	line("## %s: %s/%s, generation %d, verdict %d\n", strings.ToUpper(v.Verdict), v.Namespace, v.Rollout, v.Generation, v.Sequence)
	line("**Why:** %s (`%s`: %s).  \n**What to do:** %s.  ", cell(v.Reason.Message), cell(r.Code), r.Meaning, r.Remedy)
	line("**Traffic:** canary %g %%, stable %g %%. **By:** %s, at %s.", float64(v.WeightOf(schemas.ArmCanary))/100, float64(v.WeightOf(schemas.ArmStable))/100, cell(v.Actor), v.Time)
	if len(v.Checks) > 0 {
		line("\n| check | role | result | stable | canary | difference | interval | evidence | needed | n stable | n canary |")
		line("|---|---|---|---|---|---|---|---|---|---|---|")
	}
	for _, c := range v.Checks {
		line("| %s | %s | %s | %s | %s | %s | %s | e^%.1f against %q | e^%.1f | %d | %d |", cell(c.Name), cell(c.Role), cell(c.Result),
			number(c.Value[0]), number(c.Value[1]), number(c.Effect.Estimate), interval(c.Effect), c.LogE, cell(c.Null), c.Threshold, c.N[0], c.N[1])
	}
	if len(v.Next.Missing) > 0 {
		line("\nMissing for the next step:\n")
	}
	for _, m := range v.Next.Missing {
		line("- %s", cell(m))
	}
	text := strings.Split(strings.TrimSpace(decision.Explain(v)), "\n")
	line("\n%s", text[len(text)-1])
	line("\nSpec `%s`, rules %s.", cell(v.SpecDigest), cell(v.RulesVersion))
	return b.String()
}

// cell makes text safe inside a table: no row, column or tag of its own.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ", "<", "&lt;", ">", "&gt;", "`", "'").Replace(s)
}

func number(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "-"
	}
	return fmt.Sprintf("%.4g", x)
}

func interval(i schemas.Interval) string {
	if i.Level == 0 {
		return "-"
	}
	return fmt.Sprintf("[%s, %s] at %g %%", number(i.Low), number(i.High), i.Level*100)
}
