package decision_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
)

// A spec may name its routers: whichever has not acknowledged a step is named in the
// reason and in what is missing.
func TestNamedRoutersAreNamedWhenTheyOwe(t *testing.T) {
	text := strings.Replace(testSpec, "spec:\n", "spec:\n  publish: {routers: [edge-2, edge-1]}\n", 1)
	s, err := decision.Parse([]byte(text), "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if s.Publish.Routers != 2 || !slices.Equal(s.Publish.Named, []string{"edge-1", "edge-2"}) || !strings.Contains(string(s.YAML()), "routers: [edge-1, edge-2]") {
		t.Fatalf("%+v in\n%s", s.Publish, s.YAML())
	}
	st, _ := decision.Decide(s, decision.New(s, decision.Head{}, 0), decision.Input{})
	in := decision.Input{Cut: decision.Cut{Wall: schemas.Time(10 * time.Minute), Owing: []string{"edge-2"}}}
	in.Health.LastData, in.Health.Mark = in.Cut.Wall, in.Cut.Wall
	if missing := decision.Missing(s, st, in); len(missing) != 1 || !strings.Contains(missing[0].Text, "edge-2 has not") {
		t.Errorf("missing %v", missing)
	}
	_, v := decision.Decide(s, st, in)
	if v == nil || v.Reason.Code != decision.ReasonUnapplied || !strings.HasSuffix(v.Reason.Message, "of 2 routers has acknowledged it: edge-2 has not") {
		t.Errorf("verdict %+v", v)
	}
}

// Of many that owe a few are named. Names that read as numbers or truths stay names.
func TestManyRoutersThatOweAreCounted(t *testing.T) {
	text := strings.Replace(testSpec, "spec:\n", "spec:\n  publish: {routers: [\"1\", \"true\", r3, r4, r5, r6, r7]}\n", 1)
	s, err := decision.Parse([]byte(text), "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := decision.Parse(s.YAML(), "again.yaml"); err != nil || !slices.Equal(again.Publish.Named, s.Publish.Named) {
		t.Errorf("printed and read again: %v", err)
	}
	st, _ := decision.Decide(s, decision.New(s, decision.Head{}, 0), decision.Input{})
	in := decision.Input{Cut: decision.Cut{Wall: schemas.Time(10 * time.Minute), Owing: s.Publish.Named}}
	in.Health.LastData, in.Health.Mark = in.Cut.Wall, in.Cut.Wall
	if _, v := decision.Decide(s, st, in); v == nil || !strings.HasSuffix(v.Reason.Message, ": 1, r3, r4, r5, r6 and 2 others have not") {
		t.Errorf("verdict %+v", v)
	}
}

func TestRefusedRouterLists(t *testing.T) {
	for list, want := range map[string]string{
		"[]":                                    "name at least one",
		"[edge-1, e_2]":                         `router "e_2" is no DNS-1123 label`,
		"[a, b, a]":                             `router "a" is listed twice`,
		"[3]":                                   "must be text",
		"10001":                                 "use 1 to 10000",
		"[" + strings.Repeat("r, ", 300) + "r]": "listed twice",
		"[" + strings.Join(many(257), ", ") + "]": "257 named routers are more than 256",
	} {
		_, err := decision.Parse([]byte(strings.Replace(testSpec, "spec:\n", "spec:\n  publish: {routers: "+list+"}\n", 1)), "r.yaml")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "^") {
			t.Errorf("%.30s: %v, want %q", list, err, want)
		}
	}
}

func many(n int) (names []string) {
	for i := range n {
		names = append(names, "r"+strings.Repeat("x", i%50)+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	return names
}
