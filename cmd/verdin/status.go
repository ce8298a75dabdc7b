package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"verdin/decision"
	"verdin/publish/control"
	"verdin/schemas"
)

func newStatus() *cobra.Command {
	var e engines
	var output string
	cmd := &cobra.Command{
		Use:   "status [ROLLOUT]",
		Short: "Tell where rollouts stand, what each check still lacks, and when it may come",
		Long: `Tell where rollouts stand, what each check still lacks, and when it may come.

Without ROLLOUT: a line for every rollout that an engine runs. Exit code with ROLLOUT:
0 it goes on or is promoted, 3 rolled back or aborted, 4 held or paused, 1 nobody runs it.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" {
				return usage(fmt.Errorf("unknown output %q: use text or json", output))
			}
			op, hangUp, err := e.open()
			if err != nil {
				return err
			}
			defer hangUp()
			if len(args) == 0 {
				all, err := op.List(cmd.Context())
				if err != nil {
					return err
				}
				return list(cmd.OutOrStdout(), output, all)
			}
			ns, rollout, err := schemas.SplitRollout(args[0])
			if err != nil {
				return usage(err)
			}
			st, err := op.Status(cmd.Context(), ns, rollout)
			if errors.Is(err, control.ErrNobody) {
				return fmt.Errorf("%w: verdin status lists what runs; verdin explain %s shows its last verdict", err, args[0])
			}
			if err != nil {
				return err
			}
			if output == "json" {
				err = writeJSON(cmd.OutOrStdout(), st)
			} else {
				_, err = io.WriteString(cmd.OutOrStdout(), describe(&st))
			}
			return errors.Join(err, standingExit(&st))
		},
	}
	e.flags(cmd)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

// standingExit maps where a rollout stands to the exit code.
func standingExit(st *control.Status) error {
	switch st.Phase {
	case schemas.PhaseRolledBack, schemas.PhaseAborted:
		return exitError{code: exitRollback}
	case schemas.PhaseHeld, schemas.PhasePaused:
		return exitError{code: exitUndecided}
	}
	return nil
}

func writeJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// list prints a line for every rollout.
func list(out io.Writer, output string, all []control.Status) error {
	if output == "json" {
		return writeJSON(out, all)
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "no engine runs a rollout here")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ROLLOUT\tPHASE\tSTAGE\tCANARY\tMISSING\tETA\tENGINE")
	for i := range all {
		st := &all[i]
		missing := "-"
		if len(st.Missing) > 0 {
			missing = fmt.Sprint(len(st.Missing))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%g %%\t%s\t%s\t%s\n", st.Name(), phase(st), stageOf(st), float64(st.CanaryBps)/100, missing, eta(st), st.Engine)
	}
	return w.Flush()
}

func phase(st *control.Status) string {
	switch {
	case st.Rebuilding:
		return st.Phase + " (rebuilding)"
	case st.Stale:
		return st.Phase + " (stale)"
	case st.Held != "":
		return st.Phase + " (" + st.Held + ")"
	}
	return st.Phase
}

func stageOf(st *control.Status) string {
	if st.Stage < 0 {
		return "-"
	}
	return fmt.Sprintf("%d of %d", st.Stage+1, len(st.Stages))
}

func eta(st *control.Status) string {
	if st.ETASeconds <= 0 {
		return "-"
	}
	return "about " + (time.Duration(st.ETASeconds) * time.Second).String()
}

// describe tells all about one rollout.
func describe(st *control.Status) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s, generation %d: %s, stage %s, canary %s at %g %%", st.Name(), st.Generation, phase(st), stageOf(st), st.Canary, float64(st.CanaryBps)/100)
	if h := st.Head; h != nil {
		line("last verdict: %d, %s, %s: %s", h.Sequence, h.Verdict, h.Reason.Code, h.Reason.Message)
		if !st.Published {
			line("it does not stand in NATS yet")
		}
	}
	for _, w := range warnings(st) {
		line("note: %s", w)
	}
	if len(st.Checks) > 0 {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "check\trole\tresult\tstable\tcanary\tevidence\tneeded\tn stable\tn canary")
		for _, c := range st.Checks {
			stable, canary := values(&c)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\n", c.Name, c.Role, c.Result, stable, canary, evidence(&c, c.LogE), evidence(&c, c.Threshold), c.N[0], c.N[1])
		}
		w.Flush()
	}
	for _, c := range st.Checks {
		if c.Test == decision.HistoryTest && len(c.Warnings) > 0 {
			line("note: %s: %s", c.Name, strings.Join(c.Warnings, "; "))
		}
	}
	for _, m := range st.Missing {
		line("missing for the next step: %s", m)
	}
	if st.ETASeconds > 0 {
		line("if all goes on as in this stage: %s", eta(st))
	}
	return b.String()
}

// values prints what a check has measured of each arm; of a drift check it is one number,
// the distance of the arms, or the share of a fault.
func values(c *schemas.Check) (stable, canary string) {
	if c.Kind == "drift" {
		return "-", fmt.Sprintf("%s %.3g", c.Effect.Scale, c.Effect.Estimate)
	}
	return fmt.Sprintf("%.4g", c.Value[0]), fmt.Sprintf("%.4g", c.Value[1])
}

// evidence prints what a check has or needs: a power of e, or a rule's windows.
func evidence(c *schemas.Check, x float64) string {
	if c.Method == decision.Rule {
		return decision.Windows(x)
	}
	return fmt.Sprintf("e^%.1f", x)
}

// warnings are facts that make the rest of a status less than it seems.
func warnings(st *control.Status) (all []string) {
	for _, w := range []struct {
		is   bool
		text string
	}{
		{st.Stale, fmt.Sprintf("the engine made no cut since %s: what stands here is old", st.Wall)},
		{!st.Linked, "the engine does not reach NATS: verdicts wait"},
		{st.Rebuilding, "the engine reads the topics again up to where its journal ends: nothing is decided meanwhile"},
		{st.CatchingUp && !st.Rebuilding, "the engine catches up with the stream: only a rollback is signed meanwhile"},
		{st.Fenced, "another engine writes the verdicts of this rollout"},
		{st.DryRun, "dry run: routers do not follow"},
		{st.GateText() != "", st.GateText()},
	} {
		if w.is {
			all = append(all, w.text)
		}
	}
	return all
}
