package story

import (
	"strings"
	"testing"
)

// A look at what is shown is no empty word: the story of the canary goes wrong where it
// names the other arm, or nothing, and the quiet one where it names something.
func TestWhatIsShownIsLookedAt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file string
		look int
		text string
	}{
		{"history-of-the-canary", 0, "habits/canary"},
		{"history-of-the-canary", 1, "habits/stable"},
		{"history-of-the-canary", 1, "nothing"},
		{"history-is-quiet", 0, "habits/canary"},
	} {
		s, err := Load("../../testdata/scenarios/" + c.file + ".story")
		if err != nil {
			t.Fatal(err)
		}
		tale, err := Play(t.Context(), s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if wrong := s.Check(tale); len(wrong) > 0 {
			t.Error(wrong)
		}
		for i := range tale.Cuts { // whatever words the evidence has
			for k := range tale.Cuts[i].Out.Evidence {
				tale.Cuts[i].Out.Evidence[k].Warnings = []string{"nothing"}
			}
		}
		s.looks[c.look].Text = c.text
		if wrong := strings.Join(s.Check(tale), "\n"); !strings.Contains(wrong, "the shown is") {
			t.Errorf("%s with %s: %q", c.file, c.text, wrong)
		}
	}
}
