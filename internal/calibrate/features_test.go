package calibrate

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestFeaturesInASpecBecomeThoseOfHistory(t *testing.T) {
	names := []string{"features.a", `features.b"c`}
	for _, c := range []struct{ name, in, out string }{
		{"alone", "      of: features.*\n", "      of: [\"features.a\", \"features.b\\\"c\"]\n"},
		{"quoted", "of: 'features.*'", `of: ["features.a", "features.b\"c"]`},
		{"in brackets", "of: [prediction_score, features.*]", `of: [prediction_score, "features.a", "features.b\"c"]`},
		{"first in brackets", "{of: [features.*], x: 1}", `{of: ["features.a", "features.b\"c"], x: 1}`},
		{"an item", "  - features.*\n  - x", "  - \"features.a\"\n  - \"features.b\\\"c\"\n  - x"},
		{"none", "of: features.a", "of: features.a"},
	} {
		got, err := Expand([]byte(c.in), names)
		if err != nil || string(got) != c.out {
			t.Errorf("%s:\n%s\nwant\n%s\n%v", c.name, got, c.out, err)
		}
	}
	if _, err := Expand([]byte("of: features.*"), nil); !errors.Is(err, ErrFeatures) {
		t.Errorf("no features: %v", err)
	}
}

// lines yields lines of a text.
func lines(text string) func() ([]byte, int64, error) {
	all := strings.Split(text, "\n")
	return func() ([]byte, int64, error) {
		if len(all) == 0 {
			return nil, 0, io.EOF
		}
		line := all[0]
		all = all[1:]
		return []byte(line), 0, nil
	}
}

func TestNamesOfFeaturesComeFromTheEvents(t *testing.T) {
	got, err := FeatureNames(lines("{\"features\":{\"b\":1,\"a\":\"x\"}}\n{\"data\":{\"features\":{\"c\":null}}}\nnot json\n{\"type\":\"outcome\"}"), 100)
	if want := []string{"features.a", "features.b", "features.c"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v %v", got, err)
	}
}

func FuzzFeatureNames(f *testing.F) {
	f.Add(`{"features":{"a":1}}`, "of: features.*")
	f.Add("{\"features\":[]}\n{", "- features.*")
	f.Fuzz(func(t *testing.T, text, spec string) {
		names, err := FeatureNames(lines(text), 1000)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := Expand([]byte(spec), names); err == nil && !strings.Contains(spec, All) && string(out) != spec {
			t.Fatalf("%q changed to %q", spec, out)
		}
	})
}
