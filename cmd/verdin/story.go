package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	stories "verdin/internal/story"
)

func newScenario() *cobra.Command {
	var seed uint64
	var output string
	cmd := &cobra.Command{
		Use:   "scenario FILE…",
		Short: "Play scripts of rollouts on the whole engine and check what must be seen",
		Long: `Play scripts of rollouts on the whole engine and check what must be seen.

Each FILE is a script: a spec, what the world does to the rollout, and which verdicts
must follow (docs/scenarios.md). It is played in memory, on the engine that runs live,
in a moment and alike every time. Exit code: 0 all was seen as written, 1 something
was not, 2 a script that cannot be read.`,
		Args: minArgs(1, "at least one script"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "jsonl" {
				return usage(fmt.Errorf("unknown output %q: use text or jsonl", output))
			}
			var scripts []*stories.Script
			for _, file := range args {
				s, err := stories.Load(file)
				if err != nil {
					return usage(err)
				}
				scripts = append(scripts, s)
			}
			failed := 0
			for _, s := range scripts {
				wrong, err := perform(cmd.Context(), s, seed, output, cmd.OutOrStdout())
				if err != nil {
					return err
				}
				for _, why := range wrong {
					fmt.Fprintln(cmd.ErrOrStderr(), why)
				}
				failed += min(1, len(wrong))
			}
			if failed > 0 {
				return exitError{code: exitRuntime, err: fmt.Errorf("%d of %d scripts did not go as they say", failed, len(scripts))}
			}
			return nil
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 0, "seed of all chance, 0 = the script's")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text: a timeline; jsonl: verdict payloads, one a line")
	return cmd
}

// perform plays a script and returns what did not go as it says.
func perform(ctx context.Context, s *stories.Script, seed uint64, output string, out io.Writer) (wrong []string, err error) {
	if output == "text" {
		fmt.Fprintf(out, "%s: %s\n", s.File, s.Title)
	}
	if s.Refused != "" {
		fmt.Fprintln(out, "  the spec is refused, as it must be")
		return nil, nil
	}
	tale, err := stories.Play(ctx, s, stories.Options{Seed: seed})
	if err != nil {
		return nil, err
	}
	if output == "jsonl" {
		for _, v := range tale.Verdicts() {
			if _, err := out.Write(append(v.AppendJSON(nil), '\n')); err != nil {
				return nil, err
			}
		}
	} else if err := tale.Timeline(out); err != nil {
		return nil, err
	}
	wrong = append(s.Check(tale), tale.Check()...)
	if err := tale.Again(ctx); err != nil && !errors.Is(err, context.Canceled) {
		wrong = append(wrong, fmt.Sprintf("%s: replayed from its journal: %v", s.File, err))
	}
	return wrong, nil
}
