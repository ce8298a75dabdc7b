package bench

import (
	"fmt"
	"math"
)

// bar is a promise of a row: a share of runs that may, or must, end in something.
type bar struct {
	what  string
	got   rate
	limit float64
	least bool // the share must be at least the limit
}

// limit is the greatest share of false verdicts.
func (l *Launch) limit() float64 {
	if l.Asymptotic {
		return Slack * launchAlpha
	}
	return launchAlpha
}

// falsely is what falsePromote is held to.
func (l *Launch) falsely() (what string, holds func(Fate) bool) {
	if l.Promise == notCompleted {
		return "completed", completed
	}
	return "promoted", promoted
}

func (f *fates) bars() (out []bar) {
	if f.Truth != Harmful {
		out = append(out, bar{what: "rolled back", got: f.count(0, rolledBack), limit: f.limit()})
	}
	if f.Truth != Harmless && f.Promise != nothing {
		what, holds := f.falsely()
		out = append(out, bar{what: what, got: f.count(0, holds), limit: f.limit()})
	}
	if f.Found > 0 {
		out = append(out, bar{what: "rolled back before 100 %", got: f.count(0, found), limit: f.Found, least: true})
	}
	return out
}

// falseRefutation is the chance that a quick run accuses a program that keeps all its
// promises, over all bars together.
const falseRefutation = 1e-6

// brokenPromises holds every row to its bars: the full version to bounds at 99 %, a quick
// one to bounds so far out that all of them together are wrong once in a million.
func (o Options) brokenPromises(all []fates) (broken []string) {
	var bars []bar
	var rows []string
	sum := bar{what: "rolled back", limit: launchAlpha}
	for i := range all {
		for _, b := range all[i].bars() {
			bars, rows = append(bars, b), append(rows, all[i].Name)
		}
		if all[i].Truth == Harmless && !all[i].Asymptotic {
			got := all[i].count(0, rolledBack)
			sum.got.k, sum.got.n = sum.got.k+got.k, sum.got.n+got.n
		}
	}
	bars, rows = append(bars, sum), append(rows, "all harmless rows of exact tests together")
	level := 1 - falseRefutation/float64(len(bars))
	for i, b := range bars {
		upper, lower := b.got.upper(), b.got.lower()
		if !o.Full() { // the other bound, far out
			upper, lower = Lower(b.got.k, b.got.n, level), Upper(b.got.k, b.got.n, level)
		}
		if b.least && lower < b.limit || !b.least && upper > b.limit {
			broken = append(broken, fmt.Sprintf("rollouts, %s: %d of %d %s, the bar is %v", rows[i], b.got.k, b.got.n, b.what, b.limit))
		}
	}
	return broken
}

// cells are a share, its bound at 99 %, the bar, and what the bound says of it.
func (b bar) cells() []string {
	edge, holds := b.got.upper(), b.got.upper() <= b.limit
	if b.least {
		edge, holds = b.got.lower(), b.got.lower() >= b.limit
	}
	verdict := "pass"
	if !holds {
		verdict = "not shown"
	}
	return []string{Percent(b.got.share()), Percent(edge), Percent(b.limit), verdict}
}

func controllerNames() (names []string) {
	for _, c := range controllers {
		names = append(names, c.name)
	}
	return names
}

func harmlessRollouts(r *Report, all []fates) {
	t := Table{Columns: append([]string{"harmless canary", "runs", "rolled back", "≤", "bar", "", "completed", "windows", "left"}, controllerNames()...)}
	for i := range all {
		t.Rows = append(t.Rows, all[i].harmlessRow())
	}
	r.Section("Whole rollouts: harmless canaries", "Share of rollouts, in percent. *Rolled back* at any time, with its upper bound of Clopper and Pearson at 99 % (≤) and the bar, risk.falseRollback, or 1.2 times that where some of the tests are asymptotic; *windows* is the median time to Completed; *left* are those that had not ended with the history. The last columns are the rollbacks of the others.", t)
	r.Draw("rollouts-harmless.svg", "harmless canaries rolled back, whole rollouts", fateDots("Harmless canaries that are rolled back in a whole rollout (dashed: the promise of 5 %)", all, rolledBack, launchAlpha))
}

func (f *fates) harmlessRow() []string {
	row := append([]string{f.Name, Thousands(len(f.runs[0]))}, f.bars()[0].cells()...)
	row = append(row, Percent(f.count(0, completed).share()), f.typical(0, completed, func(x Fate) int64 { return int64(x.Windows) }), Percent(f.count(0, left).share()))
	for c := range controllers {
		row = append(row, Percent(f.count(c+1, rolledBack).share()))
	}
	return row
}

func marginalRollouts(r *Report, all []fates) {
	t := Table{Columns: append([]string{"canary at the margin", "runs", "promoted", "≤", "bar", "", "rolled back", "≤", "bar", ""}, controllerNames()...)}
	for i := range all {
		f := &all[i]
		bars := f.bars()
		row := append(append([]string{f.Name, Thousands(len(f.runs[0]))}, bars[1].cells()...), bars[0].cells()...)
		for c := range controllers {
			row = append(row, Percent(f.count(c+1, promoted).share()))
		}
		t.Rows = append(t.Rows, row)
	}
	r.Section("Whole rollouts: canaries at the margin", "A canary exactly as bad as the margin is harmful, so it may not be promoted; as the tolerance is the margin, too, unless the spec says otherwise, it may not be rolled back either. What is left is held. The last columns are the promotions of the others, which know no margin.", t)
}

func harmfulRollouts(r *Report, all []fates) {
	columns := []string{"harmful canary", "runs", "found", "≥", "bar", "", "promoted", "≤", "bar", "", "windows", "requests", "exposed", "left"}
	t := Table{Columns: append(columns, controllerNames()...)}
	for i := range all {
		t.Rows = append(t.Rows, all[i].harmfulRow())
	}
	r.Section("Whole rollouts: harmful canaries", "*Found* is rolled back before 100 %, with its lower bound at 99 % (≥); *promoted* is taken to 100 % (where harm begins there: Completed), with its upper bound. *Windows* (of a minute), *requests* (of both arms) and *exposed* (those that the canary served) are medians from the first window with harm of a margin or more to the rollback, of those that were rolled back at all; *left* had not ended with the history. The columns of the others are share found · windows · exposed.", t)
	r.Draw("rollouts-harmful.svg", "harmful canaries found before 100 %", fateDots("Harmful canaries that are rolled back before 100 % (dashed: the bar of 95 %)", all, found, 0.95))
	r.Draw("rollouts-delay.svg", "windows from harm to rollback", dotsOf("Median windows from harm to the rollback, of those rolled back (dashed: a stage's bake; the axis ends at 60)", "", all, 60, stays, func(f *fates, rule int) float64 {
		if x, some := f.median(rule, rolledBack, func(x Fate) int64 { return int64(x.Harmed) }); some {
			return float64(x)
		}
		return math.NaN()
	}))
}

func (f *fates) harmfulRow() []string {
	row := append([]string{f.Name, Thousands(len(f.runs[0]))}, f.harmCells()...)
	row = append(row, f.delay(0)...)
	row = append(row, Percent(f.count(0, left).share()))
	for c := range controllers {
		d := f.delay(c + 1)
		row = append(row, fmt.Sprintf("%s · %s · %s", Percent(f.count(c+1, found).share()), d[0], d[2]))
	}
	return row
}

// harmCells are the bars of a row of harm; "–" where it has none.
func (f *fates) harmCells() (row []string) {
	none := func(share float64) []string { return []string{Percent(share), "–", "–", ""} }
	found, through := none(f.count(0, found).share()), none(f.count(0, promoted).share())
	for _, b := range f.bars() {
		if b.least {
			found = b.cells()
		} else {
			through = b.cells()
		}
	}
	return append(found, through...)
}

// delay is how many windows, requests, and requests of the canary it took a rule to roll back.
func (f *fates) delay(rule int) []string {
	return []string{
		f.typical(rule, rolledBack, func(x Fate) int64 { return int64(x.Harmed) }),
		f.typical(rule, rolledBack, func(x Fate) int64 { return x.Requests }),
		f.typical(rule, rolledBack, func(x Fate) int64 { return x.Exposed }),
	}
}

// fateDots draws the share of runs of every rule for which something holds.
func fateDots(title string, all []fates, holds func(Fate) bool, line float64) []byte {
	return dotsOf(title, " %", all, 100, 100*line, func(f *fates, rule int) float64 { return 100 * f.count(rule, holds).share() })
}

// dotsOf draws a number of every row and rule.
func dotsOf(title, unit string, all []fates, most, line float64, number func(f *fates, rule int) float64) []byte {
	series := []Series{{Name: "Verdin"}}
	for _, name := range controllerNames() {
		series = append(series, Series{Name: name})
	}
	var labels []string
	for i := range all {
		labels = append(labels, all[i].Name)
		for k := range series {
			series[k].Values = append(series[k].Values, number(&all[i], k))
		}
	}
	return Dots(title, unit, labels, series, most, line)
}
