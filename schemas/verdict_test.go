package schemas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"verdin/schemas"
	"verdin/stats"
)

// rich is a verdict with every member set.
func rich() *schemas.Verdict {
	return &schemas.Verdict{
		Namespace: "prod", Rollout: "recsys", Verdict: schemas.VerdictAdvance, Phase: schemas.PhaseRunning,
		Generation: math.MaxUint64, Sequence: 7, PrevDigest: schemas.Digest([]byte("before")),
		Routes: []schemas.Route{{Arm: schemas.ArmCanary, ModelVersion: "v42", WeightBps: 2500}, {Arm: schemas.ArmStable, ModelVersion: "v41", WeightBps: 7500}},
		Sticky: &schemas.Sticky{By: "unit_id", Hash: "murmur3_32", Salt: "prod/recsys/v42"},
		Stage:  schemas.VerdictStage{Index: 1, Weight: 25, EnteredAt: schemas.TimeOf(noon), BakeSeconds: 1800, MinSamples: 100},
		Reason: schemas.Reason{Code: "stage_passed", Message: "all \"guardrails\"\nwere shown safe <&> böse"},
		Checks: []schemas.Check{{
			Name: "error_rate/harm", Metric: "error_rate", Segment: "tags.country=de", Kind: "sequential", Test: "harm", Role: "guardrail",
			Method: "halfplane", Null: "harm ≤ 0.002", Exact: true, LogE: 0.1 + 0.2, LogEMax: 1e-9, P: 1.0 / 3, Threshold: 5.7, Result: "unknown",
			Effect: schemas.Interval{Estimate: -1e-7, Low: -1e300, High: 123456789.123456789, Level: 0.95, Method: "exact", Scale: "difference", Note: "n"},
			N:      [2]int64{1, 2}, Value: [2]float64{0.5, 0.25}, Blocks: 3, Skipped: schemas.Skips{EmptyArm: 1}, Info: 2, First: 4, Warnings: []string{"w"},
		}},
		Next:       schemas.Next{Missing: []string{"bake"}, ETASeconds: 60},
		ValidUntil: schemas.TimeOf(noon), OnExpiry: schemas.ExpiryStable,
		Inputs:     []schemas.InputRange{{Topic: "ml.predictions", Partition: 3, From: 10, To: 20}},
		SpecDigest: schemas.Digest(nil), RulesVersion: "1", Actor: "auto", Time: schemas.TimeOf(noon),
	}
}

func TestVerdictReadsBackAndKeepsItsBytes(t *testing.T) {
	first := rich().AppendJSON(nil)
	v, err := schemas.ParseVerdict(first)
	if err != nil {
		t.Fatal(err)
	}
	if second := v.AppendJSON(nil); !bytes.Equal(first, second) {
		t.Errorf("bytes changed:\n%s\n%s", first, second)
	}
	if marshalled, _ := json.Marshal(v); !bytes.Equal(bytes.TrimSpace(marshalled), compact(t, first)) {
		t.Errorf("json.Marshal writes another form:\n%s\n%s", first, marshalled)
	}
	want := rich()
	want.Checks[0].LogE, want.Checks[0].P, want.Checks[0].Effect.High = 0.3, 0.333333333333, 123456789.123 // 12 digits
	if !reflect.DeepEqual(v, want) {
		t.Errorf("read back\n%+v\nwant\n%+v", v, want)
	}
}

func TestNumberThatIsNoneKeepsItsBytes(t *testing.T) {
	v := rich()
	c := &v.Checks[0]
	c.P, c.Value[1], c.Effect.Low, c.Effect.High = math.NaN(), math.NaN(), math.Inf(-1), math.Inf(1)
	first := v.AppendJSON(nil)
	back, err := schemas.ParseVerdict(first)
	if err != nil {
		t.Fatal(err)
	}
	if second := back.AppendJSON(nil); !bytes.Equal(first, second) {
		t.Errorf("bytes changed:\n%s\n%s", first, second)
	}
	if got := back.Checks[0]; !math.IsNaN(got.Effect.High) || !math.IsNaN(got.P) || got.Value[0] != 0.5 {
		t.Errorf("%+v", got)
	}
}

// compact is what json.Marshal does to the output of a MarshalJSON method: it
// escapes <, > and & as well.
func compact(t *testing.T, b []byte) []byte {
	var buf bytes.Buffer
	json.HTMLEscape(&buf, b)
	return buf.Bytes()
}

// Every field of the struct must reach the canonical form: the encoder is
// written by hand, so a field can be forgotten.
func TestCanonicalFormHasEveryField(t *testing.T) {
	for _, v := range []any{rich(), beat(), ack(), fullOrder()} {
		want, _ := json.Marshal(reflect.ValueOf(v).Elem().Interface()) // by reflection: the methods are on the pointer
		got := v.(interface{ AppendJSON([]byte) []byte }).AppendJSON(nil)
		var a, b any
		if err := json.Unmarshal(want, &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &b); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		if !sameNames(a, b) {
			t.Errorf("%T: members differ:\n%s\n%s", v, got, want)
		}
	}
}

func sameNames(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		for k := range a {
			if !ok || b[k] == nil != (a[k] == nil) || !sameNames(a[k], b[k]) {
				return false
			}
		}
		return len(a) == len(b)
	case []any:
		b, ok := b.([]any)
		for i := range a {
			if !ok || i >= len(b) || !sameNames(a[i], b[i]) {
				return false
			}
		}
	}
	return true
}

// A check carries stats.Evidence under the same names.
func TestCheckHasTheNamesOfEvidence(t *testing.T) {
	var same func(a, b reflect.Type)
	same = func(a, b reflect.Type) {
		if a.NumField() != b.NumField() {
			t.Fatalf("%v has %d fields, %v %d", a, a.NumField(), b, b.NumField())
		}
		for i := range a.NumField() {
			x, y := a.Field(i), b.Field(i)
			if x.Name != y.Name || x.Tag.Get("json") != y.Tag.Get("json") || x.Type.Kind() != y.Type.Kind() {
				t.Errorf("%v.%s `%s` against %v.%s `%s`", a, x.Name, x.Tag, b, y.Name, y.Tag)
			}
			if x.Type.Kind() == reflect.Struct {
				same(x.Type, y.Type)
			}
		}
	}
	same(reflect.TypeFor[schemas.Check](), reflect.TypeFor[stats.Evidence]())
}

func TestNumbersHaveTwelveDigits(t *testing.T) {
	for _, c := range []struct{ in, want float64 }{
		{1.0 / 3, 0.333333333333}, {2.0 / 3, 0.666666666667}, {-123456789012345, -123456789012000}, {1e-310, 1e-310},
		{math.MaxFloat64, 1.79769313486e308}, {0, 0}, {5e-324, 5e-324},
	} {
		if got := schemas.Round12(c.in); got != c.want || schemas.Round12(got) != got {
			t.Errorf("Round12(%g) = %g, want %g, and the same again", c.in, got, c.want)
		}
	}
	if got := schemas.Round12(math.Copysign(0, -1)); math.Signbit(got) {
		t.Error("−0 stays −0")
	}
}

func TestNoNumberNoJSON(t *testing.T) {
	v := rich()
	v.Checks[0].LogE, v.Checks[0].Effect.High = math.NaN(), math.Inf(1)
	if b := v.AppendJSON(nil); !json.Valid(b) || !bytes.Contains(b, []byte(`"log_e":null`)) {
		t.Errorf("NaN broke the payload: %s", b)
	}
}

func TestParseVerdictRefuses(t *testing.T) {
	good := string(rich().AppendJSON(nil))
	for _, c := range []struct{ old, new, want string }{
		{`"verdict":"advance"`, `"verdict":"retreat"`, "none of"},
		{`"verdict":"advance",`, ``, `"verdict" is missing`},
		{`"verdict":"advance"`, `"verdict":"advance","verdict":"rollback"`, "stands twice"},
		{`"verdict":"advance"`, `"verdict":"advance","Verdict":"rollback"`, "lower-case"},
		{`"verdict":"advance"`, `"verdict":"rollback"`, "contradicts"},
		{`"kill_switch":false`, `"kill_switch":true`, "contradicts"},
		{`"weight_bps":2500`, `"weight_bps":2501`, "sum"},
		{`"weight_bps":2500`, `"weight_bps":-1`, "sum"},
		{`"arm":"canary"`, `"arm":"stable"`, "canary, then stable"},
		{`"sequence":7`, `"sequence":0`, "count from 1"},
		{`"sequence":7`, `"sequence":7.5`, "cannot unmarshal"},
		{`"namespace":"prod"`, `"namespace":"pro.d"`, "DNS-1123"},
		{`"phase":"running"`, `"phase":"walking"`, "phase"},
		{`"on_expiry":"stable"`, `"on_expiry":"promote"`, "on_expiry"},
		{`"arm":"canary"`, `"x":[[[[[[[[1]]]]]]]],"arm":"canary"`, "deeper"},
		{`"valid_until":"2026`, `"valid_until":"9999`, "year"},
		{`böse`, "b\xffse", "UTF-8"},
	} {
		if _, err := schemas.ParseVerdict([]byte(strings.Replace(good, c.old, c.new, 1))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.new, err, c.want)
		}
	}
	newer := strings.Replace(good, `{"namespace"`, `{"added_later":{"a":[1]},"namespace"`, 1)
	if _, err := schemas.ParseVerdict([]byte(newer)); err != nil {
		t.Errorf("an unknown member was refused: %v", err)
	}
	if _, err := schemas.ParseVerdict(make([]byte, schemas.MaxVerdict+1)); err == nil {
		t.Error("no limit on size")
	}
}

func FuzzParseVerdict(f *testing.F) {
	f.Add(rich().AppendJSON(nil))
	f.Add([]byte(`{"verdict":"hold"}`))
	f.Add([]byte(`[{}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := schemas.ParseVerdict(b)
		if err != nil {
			return
		}
		first := v.AppendJSON(nil)
		again, err := schemas.ParseVerdict(first)
		if err != nil {
			t.Fatalf("own bytes are refused: %v\n%s", err, first)
		}
		if second := again.AppendJSON(nil); !bytes.Equal(first, second) {
			t.Fatalf("bytes changed:\n%s\n%s", first, second)
		}
	})
}

func ExampleVerdict_AppendJSON() {
	v := &schemas.Verdict{Namespace: "default", Rollout: "recsys", Verdict: schemas.VerdictRollback, Phase: schemas.PhaseRolledBack,
		Generation: 1, Sequence: 3, Reason: schemas.Reason{Code: "harm", Message: "error_rate: harm was shown"}}
	payload := v.AppendJSON(nil)
	fmt.Println(v.ID(), schemas.Digest(payload)[:14])
	// Output: default/recsys/1/3 sha256:abb3281
}
