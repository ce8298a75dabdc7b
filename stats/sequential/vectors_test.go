package sequential

import (
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// vector is one reference case: see testdata/vectors/sequential/README.md.
type vector struct {
	ID       string  `json:"id"`
	Method   string  `json:"method"`
	Params   record  `json:"params"`
	Inputs   record  `json:"inputs"`
	Expected record  `json:"expected"`
	RelTol   float64 `json:"rel_tol"`
}

// record is a JSON object whose fields are read as they are needed.
type record map[string]json.RawMessage

// number is a float that may be written as "+Inf", "-Inf" or "NaN".
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	var f float64
	switch string(b) {
	case `"+Inf"`:
		f = math.Inf(1)
	case `"-Inf"`:
		f = math.Inf(-1)
	case `"NaN"`:
		f = math.NaN()
	default:
		if err := json.Unmarshal(b, &f); err != nil {
			return err
		}
	}
	*n = number(f)
	return nil
}

// read decodes a field, which must exist.
func read[T any](t *testing.T, r record, field string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(r[field], &v); err != nil {
		t.Fatalf("field %s: %v", field, err)
	}
	return v
}

func num(t *testing.T, r record, field string) float64 {
	t.Helper()
	return float64(read[number](t, r, field))
}

func nums(t *testing.T, r record, field string) []float64 {
	t.Helper()
	var out []float64
	for _, n := range read[[]number](t, r, field) {
		out = append(out, float64(n))
	}
	return out
}

// equal holds a number against the field of the expected record.
func (v *vector) equal(t *testing.T, field string, got float64) {
	t.Helper()
	near(t, field, got, num(t, v.Expected, field), v.RelTol)
}

func (v *vector) equalPath(t *testing.T, field string, got []float64) {
	t.Helper()
	want := nums(t, v.Expected, field)
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", field, len(got), len(want))
	}
	for i := range want {
		near(t, field, got[i], want[i], v.RelTol)
	}
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if got == want {
		return // infinities too
	}
	if !(math.Abs(got-want) <= tol*math.Max(1, math.Abs(want))) {
		t.Errorf("%s: %.17g, want %.17g within %g", what, got, want, tol)
	}
}

// vectorFolders are the repository's own and, if set, the part "sequential" of
// VERDIN_VECTORS, or all of it but the part "drift", which is another package's.
func vectorFolders() []string {
	all := []string{"../../testdata/vectors/sequential"}
	if more := os.Getenv("VERDIN_VECTORS"); more != "" {
		if part := filepath.Join(more, "sequential"); isDir(part) {
			more = part
		}
		all = append(all, more)
	}
	return all
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func loadVectors(t *testing.T, folder string) []vector {
	t.Helper()
	var all []vector
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "drift":
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".json"):
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var cases []vector
		if err := json.Unmarshal(text, &cases); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		all = append(all, cases...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestVectors holds every reference case against the code that serves its method.
func TestVectors(t *testing.T) {
	count := map[string]int{}
	for _, folder := range vectorFolders() {
		cases := loadVectors(t, folder)
		if len(cases) == 0 {
			t.Errorf("%s: no cases", folder)
		}
		for _, v := range cases {
			run, ok := served[v.Method]
			switch {
			case ok:
				count["served"]++
				t.Run(v.ID, func(t *testing.T) { run(t, &v) })
			case notShipped[v.Method] != "":
				count["not shipped"]++
			case slices.Contains(peers, v.Method):
				count["peers"]++
			default:
				t.Errorf("case %s: no code serves method %q, and it is on no list", v.ID, v.Method)
			}
		}
	}
	t.Logf("cases: %d served here, %d by internal/peers, %d of methods not shipped", count["served"], count["peers"], count["not shipped"])
}

// TestListsAreHonest says that no method is on two lists, and that what is left to
// internal/peers is served there.
func TestListsAreHonest(t *testing.T) {
	there, err := os.ReadFile("../../internal/peers/vectors_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for method := range notShipped {
		if served[method] != nil || slices.Contains(peers, method) {
			t.Errorf("method %s is served: take it off the list of those that are not", method)
		}
	}
	for _, method := range peers {
		if served[method] != nil || !strings.Contains(string(there), strconv.Quote(method)+":") {
			t.Errorf("method %s: served here %v, or not in internal/peers", method, served[method] != nil)
		}
	}
}
