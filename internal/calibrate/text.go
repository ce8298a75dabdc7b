package calibrate

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"verdin/decision"
)

// Table writes the report for a terminal.
func (r *Report) Table(out io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s, %s to %s: %d predictions, %d outcomes, %d readings of the stable arm; %d rows of other arms or rollouts left out\n",
		r.Rollout, r.From, r.To, r.Predictions, r.Outcomes, r.Resources, r.LeftOut)
	fmt.Fprintf(&b, "\nA/A: the stable arm against itself, %d salts, %g %% canary, a look at every window\n\n", r.Splits, 100*r.Share)
	t := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "check\trole\talarms\trate\t95 % bounds\tallowed\tshown safe\tas suggested")
	for i, c := range r.Before {
		safe, after := "", ""
		if c.Safe != nil {
			safe = percent(c.Safe.Share)
		}
		if i < len(r.After) {
			after = fmt.Sprintf("%d of %d", r.After[i].Alarms.Found, r.After[i].Alarms.Runs)
			if s := r.After[i].Safe; s != nil {
				after += ", safe " + percent(s.Share)
			}
		}
		if c.Blocks == 0 {
			after = c.Unseen
		}
		fmt.Fprintf(t, "%s\t%s\t%d of %d\t%s\t%s\t%s\t%s\t%s\n", c.Name, c.Role, c.Alarms.Found, c.Alarms.Runs, percent(c.Alarms.Share), bounds(c.Alarms), percent(c.Allowed), safe, after)
	}
	t.Flush()
	fmt.Fprintf(&b, "\nwhole rollout, as suggested, on other salts: %s rolled back (%s), %s held (%s)\n",
		percent(r.Rollback.Share), bounds(r.Rollback), percent(r.Hold.Share), bounds(r.Hold))
	r.suggested(&b)
	r.powers(&b)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\nnote: %s\n", n)
	}
	_, err := out.Write(b.Bytes())
	return err
}

func (r *Report) suggested(b *bytes.Buffer) {
	if len(r.Suggestions) == 0 {
		return
	}
	fmt.Fprintf(b, "\nSuggested, at a target of %g %% false alarms\n\n", 100*r.Target)
	t := tabwriter.NewWriter(b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "check\tfield\tnow\tsuggested\twhy")
	for _, s := range r.Suggestions {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.Check, s.Field, set(s.Now), set(s.Next), s.Why)
	}
	t.Flush()
}

func (r *Report) powers(b *bytes.Buffer) {
	if len(r.Power) == 0 {
		return
	}
	fmt.Fprintf(b, "\nFaults put into the canary, %d splits each, checks as suggested\n\n", r.Power[0].Rate.Runs)
	t := tabwriter.NewWriter(b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "field\tfault\tsize\tfound\t95 % bounds\tmedian time\tfound first by")
	for _, p := range r.Power {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.Field, p.Shift, p.Size, percent(p.Rate.Share), bounds(p.Rate), p.after(), p.finders())
	}
	t.Flush()
}

// after is the median time until the fault was found.
func (p *Power) after() string {
	if p.Rate.Found == 0 {
		return "–"
	}
	return time.Duration(p.Median * float64(time.Second)).Round(time.Second).String()
}

// finders are the checks that found a fault, the most frequent first.
func (p *Power) finders() string {
	var names []string
	for name := range p.By {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if p.By[a] != p.By[b] {
			return p.By[b] - p.By[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, p.By[name])
	}
	return strings.Join(names, ", ")
}

func percent(x float64) string {
	if x > 0 && x < 0.0005 {
		return fmt.Sprintf("%.1g %%", 100*x)
	}
	return fmt.Sprintf("%.3g %%", math.Round(1e4*x)/100)
}

func bounds(r Rate) string { return percent(r.Low) + " – " + percent(r.High) }

func set(x float64) string {
	if x == 0 {
		return "–"
	}
	return fmt.Sprintf("%.4g", x)
}

// YAML is the suggested spec, with what it rests on as comments. Parse accepts it.
func (r *Report) YAML() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Suggested by verdin calibrate from %s to %s: %d predictions, %d A/A splits, seed %d.\n", r.From, r.To, r.Predictions, r.Splits, r.Seed)
	for _, s := range r.Suggestions {
		switch {
		case s.Next == s.Now || s.Next == 0:
		case s.Field == "limit" && s.Now == 0:
			fmt.Fprintf(&b, "# %s: has no limit; it could have limit: %s, %s.\n", s.Check, set(s.Next), s.Why)
		default:
			fmt.Fprintf(&b, "# %s: %s %s → %s: %s.\n", s.Check, s.Field, set(s.Now), set(s.Next), s.Why)
		}
	}
	b.Write(r.Spec.YAML())
	if _, err := decision.Parse(b.Bytes(), "suggested spec"); err != nil {
		return nil, fmt.Errorf("the suggested spec is refused: %w", err)
	}
	return b.Bytes(), nil
}
