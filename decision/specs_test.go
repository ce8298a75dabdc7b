package decision_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"verdin/decision"
)

func specFiles(t testing.TB, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../testdata/specs", folder, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no specs in %s: %v", folder, err)
	}
	return files
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every bad spec is refused with the message beside it: place, what is wrong, what
// to do, the line and a caret.
func TestBadSpecsAreRefusedAtTheirPlace(t *testing.T) {
	for _, file := range specFiles(t, "bad") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, want := read(t, file), strings.TrimSuffix(file, ".yaml")+".err"
			s, err := decision.Parse(data, filepath.Base(file))
			if s != nil || err == nil {
				t.Fatal("accepted")
			}
			if *update {
				if err := os.WriteFile(want, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got := err.Error() + "\n"; got != string(read(t, want)) {
				t.Errorf("message:\n%swant:\n%s", got, read(t, want))
			}
			placed(t, err, data)
		})
	}
}

// placed checks that an error names a place that exists.
func placed(t *testing.T, err error, data []byte) {
	t.Helper()
	var e *decision.SpecError
	if !errors.As(err, &e) {
		t.Fatalf("%T is no SpecError", err)
	}
	lines := strings.Split(string(data), "\n")
	if e.Line < 1 || e.Line > len(lines) || e.Column < 1 || e.Column > len([]rune(lines[e.Line-1]))+1 || e.Message == "" {
		t.Errorf("no such place: %d:%d %q", e.Line, e.Column, e.Message)
	}
}

func TestGoodSpecsReadBackAsThemselves(t *testing.T) {
	for _, file := range specFiles(t, "good") {
		s, err := decision.Parse(read(t, file), file)
		if err != nil {
			t.Error(err)
			continue
		}
		again, err := decision.Parse(s.YAML(), file)
		if err != nil {
			t.Errorf("%v in\n%s", err, s.YAML())
			continue
		}
		if !reflect.DeepEqual(s, again) || string(s.YAML()) != string(again.YAML()) {
			t.Errorf("%s reads back differently:\n%+v\n%+v", file, s, again)
		}
	}
}

// The digest names the analysis: what is free to change in a running generation
// does not touch it, everything else does.
func TestTheDigestNamesTheAnalysis(t *testing.T) {
	good := string(read(t, "../testdata/specs/good/full.yaml"))
	digest := func(old, new string) string {
		s, err := decision.Parse([]byte(strings.Replace(good, old, new, 1)), "full.yaml")
		if err != nil || !strings.Contains(good, old) {
			t.Fatal(old, err)
		}
		return s.Digest
	}
	same := digest("", "")
	for old, new := range map[string]string{
		"namespace: prod": "labels: {team: x}", "name: recsys": "name: other", "lease: 15m": "lease: 5m",
		"routers: 2": "routers: 3", "onExpiry: stable": "onExpiry: hold", "holdBack: 5%": "holdBack: 0.05", "bake: 60m": "bake: 1h",
	} {
		if digest(old, new) != same {
			t.Errorf("%q changes the digest", new)
		}
	}
	for old, new := range map[string]string{
		"bake: 60m": "bake: 61m", "margin: {absolute: 0.002}": "margin: {absolute: 0.003}", "stable: recsys-v41": "stable: recsys-v40",
		"above: 0.15": "above: 0.2", "[de, fr]": "[de, it]", "gate: manual": "gate: auto", "onSignal: hold": "onSignal: rollback",
		"ml.outcomes": "ml.labels", "lateness: 30s": "lateness: 31s", "holdBack: 5%": "holdBack: 4%", "lag: 120s": "lag: 60s",
	} {
		if digest(old, new) == same {
			t.Errorf("%q does not change the digest", new)
		}
	}
}

// Whatever the bytes: a spec that reads back as itself, or an error at a place.
func FuzzParse(f *testing.F) {
	for _, folder := range []string{"good", "bad"} {
		for _, file := range specFiles(f, folder) {
			f.Add(read(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decision.Parse(data, "fuzz.yaml")
		if err != nil {
			if s != nil {
				t.Fatal("a spec beside an error")
			}
			placed(t, err, data)
			return
		}
		again, err := decision.Parse(s.YAML(), "fuzz.yaml")
		if err != nil {
			t.Fatalf("%v in\n%s", err, s.YAML())
		}
		if !reflect.DeepEqual(s, again) {
			t.Fatalf("reads back differently:\n%+v\n%+v", s, again)
		}
	})
}
