package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"verdin/publish/control"
	"verdin/schemas"
)

func newWatch() *cobra.Command {
	var e engines
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "watch [ROLLOUT]",
		Short: "Follow rollouts live: every verdict, and every change of what is missing",
		Long: `Follow rollouts live: every verdict, and every change of what is missing.

With ROLLOUT it ends with the rollout: exit code 0 completed, 3 rolled back or aborted.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if every < 100*time.Millisecond {
				return usage(fmt.Errorf("--every %v: at least 100ms", every))
			}
			w := &watcher{out: cmd.OutOrStdout(), seen: map[string]mark{}, every: every}
			if len(args) == 1 {
				ns, rollout, err := schemas.SplitRollout(args[0])
				if err != nil {
					return usage(err)
				}
				w.only = [2]string{ns, rollout}
			}
			op, hangUp, err := e.open()
			if err != nil {
				return err
			}
			defer hangUp()
			return w.follow(cmd.Context(), op)
		},
	}
	e.flags(cmd)
	cmd.Flags().DurationVar(&every, "every", time.Second, "how often to ask")
	return cmd
}

// watcher prints what is new.
type watcher struct {
	out   io.Writer
	only  [2]string // namespace and rollout; empty = all
	every time.Duration
	seen  map[string]mark // by rollout
	away  string          // the last complaint
}

// mark is how much of a rollout was printed.
type mark struct {
	generation, sequence uint64
	topics               string
}

func (w *watcher) follow(ctx context.Context, op operator) error {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		all, err := w.ask(ctx, op)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.complain(err)
		for i := range all {
			w.show(&all[i])
		}
		if err == nil && w.only[1] != "" {
			if st := &all[0]; st.Ended() || st.Phase == schemas.PhaseCompleted {
				return standingExit(st)
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *watcher) ask(ctx context.Context, op operator) ([]control.Status, error) {
	if w.only[1] == "" {
		return op.List(ctx)
	}
	st, err := op.Status(ctx, w.only[0], w.only[1])
	if err != nil {
		return nil, err
	}
	return []control.Status{st}, nil
}

// complain tells once that nobody answers, and goes on: engines restart.
func (w *watcher) complain(err error) {
	text := ""
	switch {
	case errors.Is(err, control.ErrNobody):
		text = "no engine answers"
	case err != nil:
		text = err.Error()
	}
	if text != "" && text != w.away {
		fmt.Fprintln(w.out, "-- "+text)
	}
	w.away = text
}

// show prints the verdicts that are new, and one line where the rest has changed.
func (w *watcher) show(st *control.Status) {
	m := w.seen[st.Name()]
	for _, l := range slices.Backward(st.Recent) {
		if l.Generation > m.generation || l.Generation == m.generation && l.Sequence > m.sequence {
			fmt.Fprintf(w.out, "%s  %s  %-8s  canary %g %%  %s: %s\n", l.Time.Std().Format("15:04:05"), st.Name(), l.Verdict, float64(l.CanaryBps)/100, l.Code, l.Message)
			m.generation, m.sequence = l.Generation, l.Sequence
		}
	}
	line := fmt.Sprintf("%s  stage %s  canary %g %%", phase(st), stageOf(st), float64(st.CanaryBps)/100)
	topics := line // without numbers that move all the time
	if n := len(st.Missing); n > 0 {
		line += fmt.Sprintf("  missing %d: %s", n, st.Missing[0])
	}
	for _, need := range st.Missing {
		topic, _, _ := strings.Cut(need, ":")
		topics += "\n" + topic
	}
	if topics != m.topics {
		fmt.Fprintf(w.out, "%s  %s  %s\n", st.Wall.Std().Format("15:04:05"), st.Name(), line)
		m.topics = topics
	}
	w.seen[st.Name()] = m
}
