// Command verdin judges canary releases of machine-learning models from the
// stream of their predictions and outcomes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes, the same for every command.
const (
	exitOK        = 0
	exitRuntime   = 1
	exitUsage     = 2 // wrong flags, or a spec that is refused
	exitRollback  = 3
	exitUndecided = 4 // hold, or the data ended before a decision
	exitInterrupt = 130
)

// exitError carries an exit code; a nil err has nothing to print.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// usage marks an error as the caller's.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return exitError{exitUsage, err}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is main without the process: data goes to out, all else to diag.
func run(ctx context.Context, args []string, in io.Reader, out, diag io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(diag)
	err := root.ExecuteContext(ctx)
	var exit exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintln(diag, "verdin: "+err.Error())
		}
		return exit.code
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitInterrupt
	}
	fmt.Fprintln(diag, "verdin: "+err.Error())
	return exitRuntime
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "verdin",
		Short:         "Judge canary releases of machine-learning models from their event stream",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          unknownCommand,

		SuggestionsMinimumDistance: 2,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w: see %s --help", err, cmd.CommandPath()))
	})
	root.AddCommand(newDemo(), newRun(), newReplay(), newScenario(), newConvert(), newSimulate(), newValidate(), newVerify(), newVersion())
	root.AddCommand(newRecord(), newRouter(), newSchema())
	root.AddCommand(newBench(), newCalibrate())
	root.AddCommand(newPlan())
	root.AddCommand(append(newOrders(), newStatus(), newWatch(), newExplain())...)
	return root
}

// unknownCommand is reached when no command was named, or none that there is.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return root.Help()
	}
	remedy := "see verdin --help"
	if like := root.SuggestionsFor(args[0]); len(like) > 0 {
		remedy = fmt.Sprintf("did you mean %q?", like[0])
	}
	return usage(fmt.Errorf("unknown command %q: %s", args[0], remedy))
}
