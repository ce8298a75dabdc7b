package main

import (
	"os"

	"github.com/spf13/cobra"

	"verdin/decision"
)

func newValidate() *cobra.Command {
	return &cobra.Command{
		Use:   "validate SPEC",
		Short: "Check a rollout spec and print it with every default",
		Args:  exactArgs(1, "the spec's file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			spec, err := loadSpec(args[0])
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(spec.YAML())
			return err
		},
	}
}

// loadSpec reads a rollout spec; a spec that is refused is a usage error.
func loadSpec(path string) (*decision.Spec, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, usage(err)
	}
	return parseSpec(data, path)
}
