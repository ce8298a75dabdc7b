package story

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// script is a story of a few lines with one more at its end.
func script(lines ...string) string {
	return "title: a claim\n-- story --\n0s see advance started\n" + strings.Join(lines, "\n") + "\n"
}

// Every mistake is named by its file and line, with what to write instead.
func TestMistakesAreNamedWithTheirRemedy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, where, remedy string }{
		{"-- story --\n1m end\n", ":2:", "begin it with title:"},
		{"title: a\n-- story --\n", ":2:", "close it with a line such as 20m end"},
		{"titel: a\n", ":1:", "write title: TEXT"},
		{"title: a\nseed: x\n", ":2:", "write seed: 7"},
		{"title: a\n-- tale --\n", ":2:", "the sections spec and story"},
		{"title: a\nspec: other.yaml\n-- story --\n1m end\n", ":2:", "write the spec into the section spec"},
		{"title: a\n-- spec --\nstagse: []\n-- story --\n1m end\n", ":3:1:", "did you mean \"stages\"?"},
		{script("soon traffic 20/s"), ":4:", "90s, 12m or 3m..4m"},
		{script("2m traffic 20/s", "1m traffic 10/s"), ":5:", "put the lines in order of time"},
		{script("9h..3h see hold lag"), ":4:", "does not lie between 0s and 48h0m0s in order"},
		{script("1m"), ":4:", "write what, such as 1m traffic 20/s"},
		{script("1m..2m traffic 3/s"), ":4:", "a span of time is for see and never"},
		{script("1m end", "2m traffic 3/s"), ":5:", "put the line before the end"},
		{script("1m weather rain"), ":4:", "a line goes on with one of traffic, units, both"},
		{script("1m traffic fast"), ":4:", "requests a second of both arms"},
		{script("1m units 0"), ":4:", "write one up to 1000000"},
		{script("1m canary latency lognormal 1 1"), ":4:", "write one such as error_type, latency_seconds"},
		{script("1m canary error_type 120%"), ":4:", "a number from 0% to 100%"},
		{script("1m canary error_type often"), ":4:", "write one such as 0.3"},
		{script("1m canary features.country de 60% fr 60%"), ":4:", "let them be 100%"},
		{script("1m canary metrics. 3"), ":4:", "such as metrics..x"},
		{script("1m canary late 3% after 1m"), ":4:", "ARM late 5% by 2m"},
		{script("1m canary clock noon"), ":4:", "such as +1h or -20s"},
		{script("1m canary robot 95%"), ":4:", "write up to 90%"},
		{script("1m partition 7 silent"), ":4:", "from 0 to 1"},
		{script("1m broker loses soon"), ":4:", "write one such as 30s"},
		{script("1m routers dance"), ":4:", "routers follow | quiet"},
		{script("1m router x follow"), ":4:", "numbered from 1"},
		{script("1m operator ann dance"), ":4:", "operator NAME pause"},
		{script(`1m operator ann pause "no end`), ":4:", "has no second quotation mark"},
		{script("1m engine explodes"), ":4:", "engine stops | dies | starts | supersedes"},
		{script("1m nats slow"), ":4:", "nats down | up | fenced"},
		{script("1m see"), ":4:", "Write a verdict and its reason"},
		{script("1m see hold boredom"), ":4:", "wants a reason of docs/reasons.md"},
		{script("1m see advance stage_passed soon"), ":4:", "canary N%"},
		{script("1m see hold lag within x canary events"), ":4:", "such as within 150 canary events"},
		{script("1m see phase asleep"), ":4:", "write one of pending, running"},
		{script("1m..2m see phase held"), ":4:", "asked at one time"},
		{script("1m see weather"), ":4:", "phase, canary, missing, shown, held or reason"},
		{script("1m see shown"), ":4:", "see shown wants the name of evidence that is shown, or nothing"},
		{script("2m see hold lag", "1m see hold gate"), ":5:", "put verdicts in order"},
		{script("9m see hold lag", "5m end"), ":4:", "after the end of the story"},
		{"title: a\nrefused: nothing\n", ":2:", "the spec is not refused"},
		{"title: a\nrefused: nothing\n-- story --\n1m end\n", ":4:", "remove the section story"},
		{"title: a\nrefused: nothing\n-- spec --\nx: 1\n", ":4:", "another error"},
		{script("never ever"), ":4:", "write a verdict, a reason, or canary above N%"},
	} {
		_, err := Parse("x.story", c.text, nil)
		if !errors.Is(err, ErrScript) || !strings.Contains(err.Error(), "x.story"+c.where) || !strings.Contains(err.Error(), c.remedy) {
			t.Errorf("%q:\n%v\nwant x.story%s and %q", c.text, err, c.where, c.remedy)
		}
	}
}

// A whole spec in a script, or in a file beside it, stands for itself: nothing of the
// usual world comes with it.
func TestAScriptMayBringItsOwnSpec(t *testing.T) {
	t.Parallel()
	open := func(name string) ([]byte, error) { return []byte(baseSpec), nil }
	for name, text := range map[string]string{
		"named":  "title: a\nspec: own.yaml\n-- story --\n1m end\n",
		"inside": "title: a\n-- spec --\n" + baseSpec + "-- story --\n1m end\n",
	} {
		s, err := Parse("x.story", text, open)
		if err != nil || s.Base || len(s.world) > 0 || s.Spec.Name != "shop" {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	s, err := Parse("x.story", script("1m end"), nil)
	if err != nil || !s.Base || len(s.world) != strings.Count(usualWorld, "\n")+1 {
		t.Errorf("%+v, %v", s, err)
	}
}

// A member of the section spec takes the place of the built-in one, whole.
func TestASectionReplacesMembers(t *testing.T) {
	t.Parallel()
	s, err := Parse("x.story", "title: a\n-- spec --\nstages:\n  - {weight: 30, bake: 1m}\n  - {weight: 100, bake: 1m}\nholdBack: 1%\n-- story --\n1m end\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Spec.Stages) != 2 || s.Spec.Stages[0].Weight != 30 || s.Spec.HoldBack != 0.01 || len(s.Spec.Metrics) != 2 {
		t.Errorf("%+v", s.Spec)
	}
}

// Whatever a script says, it is read or refused with its name; what is read can be read
// again.
func FuzzParse(f *testing.F) {
	for _, file := range scripts(f) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(script("1m..2m see hold lag \"a\" within 3 canary events", "3m canary tags.x a 50% b 50% where c", "4m end"))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("x.story", text, nil)
		if err != nil {
			if !errors.Is(err, ErrScript) || !strings.Contains(err.Error(), "x.story") {
				t.Fatalf("an error without its place: %v", err)
			}
			return
		}
		if s.Refused != "" {
			return
		}
		if s.Title == "" || s.End <= 0 || s.End > longest || s.Spec == nil {
			t.Fatalf("read, and not fit to be played: %+v", s)
		}
		for _, l := range s.world {
			if l.do == nil || l.At > longest {
				t.Fatalf("line %d does nothing: %+v", l.Line, l)
			}
		}
	})
}
