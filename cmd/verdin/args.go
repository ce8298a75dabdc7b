package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// exactArgs refuses any other number of arguments, naming what is wanted.
func exactArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(fmt.Errorf("%s wants %s, got %d: see %s --help", cmd.Name(), what, len(args), cmd.CommandPath()))
		}
		return nil
	}
}

// minArgs refuses fewer arguments.
func minArgs(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usage(fmt.Errorf("%s wants %s: see %s --help", cmd.Name(), what, cmd.CommandPath()))
		}
		return nil
	}
}
