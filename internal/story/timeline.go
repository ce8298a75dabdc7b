package story

import (
	"fmt"
	"io"
	"time"
)

// Timeline writes what happened, a line each: what the script did to the world, and
// between it, marked with "»", what the engine said.
func (t *Tale) Timeline(w io.Writer) error {
	told := t.Verdicts()
	said := func(until time.Duration) error {
		for len(told) > 0 && told[0].At < until {
			if _, err := fmt.Fprintln(w, "  »", told[0]); err != nil {
				return err
			}
			told = told[1:]
		}
		return nil
	}
	for _, l := range t.Script.world {
		if err := said(l.At); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "    %-8v %s\n", l.At, l.Text); err != nil {
			return err
		}
	}
	return said(longest + 1)
}
