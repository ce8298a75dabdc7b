package drift

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func someBaseline(t testing.TB) *Baseline {
	b := &Baseline{Rollout: "shop/ranker"}
	for _, name := range []string{"normal", "zeros", "integers"} {
		xs := columns(500)[name]
		e, err := Learn(xs, 20)
		if err != nil {
			t.Fatal(err)
		}
		h := NewHistogram(e)
		h.Add(xs, nil, 0)
		h.AddOdd(WrongType, 3)
		b.Features = append(b.Features, NewReference(name, h))
	}
	r, err := NewCategoryReference("country", []Named{{"de", 5}, {"fr", 9}, {"at", 5}, {"\u2028<&>", 1}, {"ch", 1}}, 2, 7)
	if err != nil {
		t.Fatal(err)
	}
	b.Features = append(b.Features, r)
	return b
}

func TestBaselineComesBackAsItWas(t *testing.T) {
	b := someBaseline(t)
	file, err := b.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadBaseline(file)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := again.Append(nil)
	if err != nil || !bytes.Equal(file, twice) || again.Rollout != b.Rollout || len(again.Features) != 4 {
		t.Errorf("%v: written %s\nread and written %s", err, file, twice)
	}
	r, ok := again.Feature("zeros")
	if want := b.Features[1]; !ok || r.Edges.Hash() != want.Edges.Hash() || !slices.Equal(r.Counts, want.Counts) || r.Odd[WrongType] != 3 {
		t.Errorf("read %+v, want %+v", r, want)
	}
	if _, ok := again.Feature("none"); ok {
		t.Error("a feature that is not there was found")
	}
}

func TestBaselineErrorsSayWhatIsWrong(t *testing.T) {
	const good = `{"format":"verdin.baseline","version":1,"rollout":"a/b","features":[{"field":"c","kind":"category","top":["x"],"counts":[1,2,3],"odd":{"missing":0,"not_a_number":0,"positive_infinity":0,"negative_infinity":0,"wrong_type":0}}]}`
	if _, err := ReadBaseline([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{good, ``, "EOF"},
		{good, `[]`, "cannot unmarshal"},
		{good, good + `{}`, "follows its end"},
		{`"version":1`, `"version":2`, "version 2"},
		{`"version":1`, `"version":1,"Version":1`, "stands twice"},
		{`"version":1`, `"version":1,"more":{"a":1,"a":2}`, `"a" stands twice`},
		{`verdin.baseline`, `else`, `format "else"`},
		{`"rollout"`, `"roll"`, "unknown field"},
		{`"field":"c"`, `"field":""`, "no name"},
		{`"kind":"category"`, `"kind":"number"`, "does not go with"},
		{`"kind":"category"`, `"kind":"category","hash":"x"`, "does not go with"},
		{`"kind":"category","top":["x"]`, `"kind":"number","cuts":[1,2],"hash":"0"`, "its hash is"},
		{`"kind":"category","top":["x"]`, `"kind":"number","cuts":[2,1]`, "ascend"},
		{`"top":["x"]`, `"top":[]`, "0 names"},
		{`"top":["x"]`, `"top":["x"],"rest":["x"]`, `"x" stands twice`},
		{`[1,2,3]`, `[1,2]`, "2 counts for 3 bins"},
		{`[1,2,3]`, `[1,-2,3]`, "a count is -2"},
		{`[1,2,3]`, `[1,1e3,3]`, "cannot unmarshal"},
		{`"missing":0`, `"missing":9999999999999999`, "a count is"},
		{`[{`, `[{"field":"c","kind":"category","top":["x"],"counts":[1,2,3],"odd":{}},{`, "it stands twice"},
	} {
		_, err := ReadBaseline([]byte(strings.Replace(good, c.from, c.to, 1)))
		if !errors.Is(err, ErrBaseline) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s instead of %s: error %v, want %q", c.to, c.from, err, c.want)
		}
	}
}

func TestCategoriesKeepTheMostFrequent(t *testing.T) {
	c, err := LearnCategories([]Named{{"de", 3}, {"fr", 9}, {"at", 5}, {"de", 2}, {"ch", 1}, {"it", -1}}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Top(), []string{"fr", "at"}) || c.Bins() != 4 {
		t.Errorf("top %v in %d bins", c.Top(), c.Bins())
	}
	for name, want := range map[string]string{"fr": "fr", "at": "at", "de": "(other)", "ch": "(other)", "us": "(new)", "": "(new)"} {
		if got := c.Label(c.Bin(name)); got != want {
			t.Errorf("%q is in bin %s, want %s", name, got, want)
		}
	}
	if c.Label(-1) != "" || c.Label(4) != "" {
		t.Error("a bin that is not there has a name")
	}
	if n := testing.AllocsPerRun(10, func() { c.Bin("de") }); n != 0 {
		t.Errorf("%v allocations a name", n)
	}
}

func FuzzBaseline(f *testing.F) {
	file, err := someBaseline(f).Append(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte(`{"format":"verdin.baseline","version":1,"rollout":"","features":[]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		b, err := ReadBaseline(file)
		if err != nil {
			if !errors.Is(err, ErrBaseline) {
				t.Fatalf("error %v", err)
			}
			return
		}
		once, err := b.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadBaseline(once)
		if err != nil {
			t.Fatalf("%v: cannot read what was written: %s", err, once)
		}
		if twice, _ := again.Append(nil); !bytes.Equal(once, twice) {
			t.Fatalf("written %s\nthen %s", once, twice)
		}
	})
}
