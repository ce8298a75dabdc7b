package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/stats"
)

// tellTests lists the tests that a spec asks for, and what is promised of each. What is
// asked again of the running stage alone, or within segments, is not repeated.
func tellTests(diag io.Writer, spec *decision.Spec) {
	w := tabwriter.NewWriter(diag, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "TEST\tROLE\tMETHOD\tERRORS\tRISK\tSPEAKS AGAINST")
	within := 0
	for _, q := range engine.Questions(spec) {
		switch {
		case q.Segment != "":
			within++
		case !strings.HasSuffix(q.Test, "_stage"):
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", q.Name, q.Role, q.Method, bounded(&q), risk(&q), q.Null)
		}
	}
	w.Flush()
	if !spec.Gated() && spec.Strategy != decision.Guard {
		fmt.Fprintln(diag, "warning: nothing has to be shown safe before a step forward: give a metric role: guardrail and a margin, or bake and samples alone promote the canary")
	}
	if within > 0 {
		fmt.Fprintf(diag, "and %d tests within segments, which share their check's risk\n", within)
	}
}

// bounded says how the share of false claims is bounded. A rule has none.
func bounded(q *stats.Evidence) string {
	switch {
	case q.Method == decision.Rule:
		return "no control"
	case q.Exact:
		return "exact"
	}
	return "asymptotic"
}

// risk is the probability of a false claim that a test may take.
func risk(q *stats.Evidence) string {
	if q.Method == decision.Rule {
		return "-"
	}
	return fmt.Sprintf("%.2g", math.Exp(-q.Threshold))
}
