package story

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"verdin/decision"
	"verdin/schemas"
)

var verdicts, phases = schemas.Verdicts(), schemas.Phases()

func isReason(word string) bool {
	return slices.ContainsFunc(decision.Reasons, func(r decision.Reason) bool { return r.Code == word })
}

// expect reads what follows "see".
func (p *parser) expect(from, to time.Duration, words []string) error {
	if len(words) == 0 {
		return p.fail("see what? Write a verdict and its reason, or phase, canary, missing, shown, held or reason")
	}
	if !slices.Contains(verdicts, words[0]) {
		return p.lookAt(from, to, words)
	}
	s := see{Line: p.n, From: from, To: to, Verdict: words[0], Weight: -1}
	if len(words) < 2 || !isReason(words[1]) {
		return p.fail("see %s wants a reason of docs/reasons.md, such as see rollback harm", words[0])
	}
	s.Reason = words[1]
	for rest := words[2:]; len(rest) > 0; {
		switch {
		case strings.HasPrefix(rest[0], `"`):
			s.Texts = append(s.Texts, strings.Trim(rest[0], `"`))
			rest = rest[1:]
			continue
		case rest[0] == "canary" && len(rest) > 1:
			w, err := percent(rest[1])
			if err != nil {
				return p.fail("%w", err)
			}
			s.Weight, rest = 100*w, rest[2:]
			continue
		case rest[0] == "within" && len(rest) > 3 && rest[2] == "canary" && rest[3] == "events":
			n, err := strconv.ParseInt(rest[1], 10, 64)
			if err != nil || n <= 0 {
				return p.fail("within %s: write how many canary events, such as within 150 canary events", clip(rest[1]))
			}
			s.Within, rest = n, rest[4:]
			continue
		}
		return p.fail(`%q is not understood: after the reason stand canary N%%, "words of the message", or within N canary events`, clip(rest[0]))
	}
	if n := len(p.s.sees); n > 0 && s.To < p.s.sees[n-1].From {
		return p.fail("it must be seen by %v, but line %d is seen from %v on: put verdicts in order", s.To, p.s.sees[n-1].Line, p.s.sees[n-1].From)
	}
	p.s.sees = append(p.s.sees, s)
	return nil
}

// lookAt reads a question about the state at a time.
func (p *parser) lookAt(from, to time.Duration, words []string) error {
	what, text := words[0], strings.Trim(strings.Join(words[1:], " "), `"`)
	switch {
	case !slices.Contains([]string{"phase", "canary", "missing", "shown", "held", "reason"}, what):
		return p.fail("see %q is not understood: write one of %s with a reason, or phase, canary, missing, shown, held or reason", clip(what), strings.Join(verdicts, ", "))
	case from != to:
		return p.fail("see %s is asked at one time, not in a span", what)
	case what == "phase" && !slices.Contains(phases, text):
		return p.fail("phase %q does not exist: write one of %s", clip(text), strings.Join(phases, ", "))
	case (what == "held" || what == "reason") && !isReason(text):
		return p.fail("%s %q: write a reason of docs/reasons.md", what, clip(text))
	case what == "missing" && text == "":
		return p.fail(`see missing wants words of what is missing, such as see missing "bake"`)
	case what == "shown" && text == "":
		return p.fail(`see shown wants the name of evidence that is shown, or nothing, such as see shown "errors/harm"`)
	case what == "canary":
		w, err := percent(text)
		if err != nil {
			return p.fail("%w", err)
		}
		text = strconv.FormatFloat(100*w, 'g', 6, 64)
	}
	p.s.looks = append(p.s.looks, look{Line: p.n, At: from, What: what, Text: text})
	return nil
}

// forbid reads what follows "never".
func (p *parser) forbid(from, to time.Duration, words []string) error {
	n := never{Line: p.n, From: from, To: to}
	switch {
	case len(words) == 1 && (slices.Contains(verdicts, words[0]) || isReason(words[0])):
		n.Word = words[0]
	case len(words) == 3 && words[0] == "canary" && words[1] == "above":
		w, err := percent(words[2])
		if err != nil {
			return p.fail("%w", err)
		}
		n.Above = 100 * w
	default:
		return p.fail("never %s is not understood: write a verdict, a reason, or canary above N%%", clip(strings.Join(words, " ")))
	}
	p.s.never = append(p.s.never, n)
	return nil
}
