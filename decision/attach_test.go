package decision_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"verdin/decision"
)

// bound is a spec whose check names a baseline that is attached.
func bound(t *testing.T, text string) *decision.Spec {
	t.Helper()
	b := decision.NewBaseline([]byte(text))
	s := spec(t)
	s.Drift[0].Reference, s.Drift[0].Baseline = "base.json", b.Digest
	s.Baselines = []decision.Baseline{b}
	again, err := decision.Parse(s.Text(), "bound.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// A spec carries its baselines, byte for byte, and is known by their digests: another
// baseline is another analysis, the same file at another place is not.
func TestASpecCarriesItsBaselines(t *testing.T) {
	for _, text := range []string{"{}\n", "{}", "", "a\n\n# baseline x\n#| y\r\n", "\n"} {
		s := bound(t, text)
		b, ok := s.Baseline(s.Drift[0].Baseline)
		if !ok || b.Text != text {
			t.Errorf("%q came back as %q", text, b.Text)
		}
		again, err := decision.Parse(s.Text(), "again.yaml")
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("%q: %v", text, err)
		}
	}
	one, two := bound(t, "one"), bound(t, "two")
	moved := bound(t, "one")
	moved.Drift[0].Reference = "elsewhere.json"
	again, err := decision.Parse(moved.Text(), "moved.yaml")
	if err != nil || one.Digest == two.Digest || one.Digest != again.Digest {
		t.Errorf("digests: %s, of another baseline %s, of another place %s, %v", one.Digest, two.Digest, again.Digest, err)
	}
}

// A baseline that was changed, or mixed with other text, is refused at its line.
func TestAttachedBaselinesAreChecked(t *testing.T) {
	good := string(bound(t, "one\ntwo").Text())
	line := strings.Count(good[:strings.Index(good, "# baseline")], "\n") + 1
	for name, bad := range map[string]string{
		"changed":  strings.Replace(good, "#| two", "#| tow", 1),
		"cut":      strings.Replace(good, "#| two\n", "", 1),
		"followed": good + "spec: {}\n",
		"too long": good + "# baseline sha256:0\n" + strings.Repeat("#| "+strings.Repeat("x", 1<<10)+"\n", 513),
	} {
		var e *decision.SpecError
		if _, err := decision.Parse([]byte(bad), "bad.yaml"); !errors.As(err, &e) || e.Line < line {
			t.Errorf("%s: %v", name, err)
		}
	}
}
