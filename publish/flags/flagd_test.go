package flags_test

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"testing"

	"verdin/publish/flags"
	"verdin/schemas"
)

var update = flag.Bool("update", false, "rewrite golden files")

func verdict(canaryBps int) *schemas.Verdict {
	return &schemas.Verdict{Namespace: "prod", Rollout: "recsys", Verdict: schemas.VerdictAdvance, Phase: schemas.PhaseRunning, Generation: 3, Sequence: 7,
		Routes: []schemas.Route{{Arm: schemas.ArmCanary, ModelVersion: "v42", WeightBps: canaryBps}, {Arm: schemas.ArmStable, ModelVersion: "v41", WeightBps: 10000 - canaryBps}}}
}

// reference is murmur3, x86, 32 bits, seed 0, from its public description: a second
// opinion beside the library.
func reference(text string) uint32 {
	const c1, c2 = 0xcc9e2d51, 0x1b873593
	b, h := []byte(text), uint32(0)
	mix := func(k uint32) uint32 { return bits.RotateLeft32(k*c1, 15) * c2 }
	for ; len(b) >= 4; b = b[4:] {
		h = bits.RotateLeft32(h^mix(binary.LittleEndian.Uint32(b)), 13)*5 + 0xe6546b64
	}
	var tail [4]byte
	copy(tail[:], b)
	h ^= mix(binary.LittleEndian.Uint32(tail[:]))
	h ^= uint32(len(text))
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

// evaluate is the part of flagd's JSON logic that our files use: if, !!, var, cat, and
// fractional by its rule of today: the first variant whose summed weight is above
// uint64(murmur3_32(value)) · total >> 32.
func evaluate(t *testing.T, rule any, unit string) any {
	t.Helper()
	node, ok := rule.(map[string]any)
	if !ok {
		return rule
	}
	for op, raw := range node {
		if op == "var" {
			return unit
		}
		args := raw.([]any)
		first := func() any { return evaluate(t, args[0], unit) }
		switch op {
		case "if":
			if first() == true {
				return evaluate(t, args[1], unit)
			}
			return evaluate(t, args[2], unit)
		case "!!":
			return first() != ""
		case "cat":
			return fmt.Sprint(first(), evaluate(t, args[1], unit))
		case "fractional":
			return fractional(first().(string), args[1:])
		}
		t.Fatalf("flagd's operator %q is not known here", op)
	}
	return nil
}

func fractional(value string, buckets []any) string {
	total, sum := 0.0, 0.0
	for _, b := range buckets {
		total += b.([]any)[1].(float64)
	}
	bucket := float64(uint64(reference(value)) * uint64(total) >> 32)
	for _, b := range buckets {
		if sum += b.([]any)[1].(float64); bucket < sum {
			return b.([]any)[0].(string)
		}
	}
	return ""
}

type flagdFile struct {
	Flags map[string]struct {
		State, DefaultVariant string
		Variants              map[string]string
		Targeting             any
	}
}

func parse(t *testing.T, all ...flags.Flag) flagdFile {
	t.Helper()
	data, err := flags.Flagd(all)
	if err != nil {
		t.Fatal(err)
	}
	var file flagdFile
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	return file
}

// slots are the vectors of the router's contract.
func slots(t *testing.T) (all []struct {
	Salt, ID string
	Slot     int
}) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "router-contract", "slots.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil || len(all) < 50 {
		t.Fatalf("%d vectors: %v", len(all), err)
	}
	return all
}

// flagd, OFREP and a router give a unit the same arm, for every vector of the router's
// contract and every weight at its edge.
func TestFlagdAgreesWithTheRoutersContract(t *testing.T) {
	for _, v := range slots(t) {
		if got := flags.Slot(v.Salt, v.ID); got != v.Slot {
			t.Errorf("slot of %q + %q is %d, the contract says %d", v.Salt, v.ID, got, v.Slot)
		}
		if v.ID == "" {
			continue
		}
		for _, weight := range []int{1, v.Slot, v.Slot + 1, 5000, 9999} {
			f := flags.Of(verdict(weight))
			f.Salt = v.Salt
			want := flags.Stable
			if v.Slot < weight {
				want = flags.Canary
			}
			rule := parse(t, f).Flags["prod.recsys"]
			got := rule.DefaultVariant
			if rule.Targeting != nil {
				got, _ = evaluate(t, rule.Targeting, v.ID).(string)
			}
			own, _ := f.Choose(v.ID)
			if got != want || own != want {
				t.Errorf("salt %q, unit %q, weight %d: flagd %s, OFREP %s, router %s", v.Salt, v.ID, weight, got, own, want)
			}
		}
	}
}

func TestAFlagIsNeverDisabled(t *testing.T) {
	killed := verdict(0)
	killed.KillSwitch = true
	for name, c := range map[string]struct {
		v       *schemas.Verdict
		variant string // that everybody gets; "" = a split
	}{"killed": {killed, "stable"}, "rolled back": {verdict(0), "stable"}, "ramp": {verdict(2500), ""}, "nearly all": {verdict(9999), ""}, "completed": {verdict(10000), "canary"}} {
		f := flags.Of(c.v)
		got := parse(t, f).Flags["prod.recsys"]
		if got.State != "ENABLED" || got.Variants["canary"] != "v42" || got.Variants["stable"] != "v41" {
			t.Errorf("%s: %+v", name, got)
		}
		if v, _ := f.Choose(""); v == "canary" && c.variant != "canary" {
			t.Errorf("%s: nobody gets the canary", name)
		}
		if c.variant != "" {
			if e := f.Evaluate(""); got.DefaultVariant != c.variant || got.Targeting != nil || e.Variant != c.variant || e.Reason != "STATIC" {
				t.Errorf("%s: %+v, OFREP %+v", name, got, e)
			}
		} else if got.DefaultVariant != "stable" || evaluate(t, got.Targeting, "") != "stable" {
			t.Errorf("%s: without a targeting key: %+v", name, got)
		}
	}
}

func TestTheFlagdFileIsGolden(t *testing.T) {
	killed := verdict(0)
	killed.Rollout, killed.KillSwitch, killed.Phase = "assistant", true, schemas.PhaseRolledBack
	data, err := flags.Flagd([]flags.Flag{flags.Of(verdict(2500)), flags.Of(killed)})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "flagd.json")
	if *update {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != string(data) {
		t.Errorf("the file has changed (%v):\n%s", err, data)
	}
	again, _ := flags.Flagd([]flags.Flag{flags.Of(killed), flags.Of(verdict(2500))})
	if flags.ETag(again) != flags.ETag(data) || flags.ETag(nil) == flags.ETag(data) {
		t.Error("the tag depends on the order of the flags, or on nothing")
	}
}

func TestAContextIsRead(t *testing.T) {
	for body, want := range map[string][2]string{
		`{"context":{"targetingKey":"user-1","country":"DE"}}`: {"user-1", ""}, `{"context":{}}`: {"", ""}, `{}`: {"", ""},
		`{"context":{"targetingKey":5}}`: {"", flags.CodeBadContext}, `{"context":[]}`: {"", flags.CodeParse}, `x`: {"", flags.CodeParse},
	} {
		unit, code, err := flags.ParseContext([]byte(body))
		if unit != want[0] || code != want[1] || (err != nil) != (code != "") {
			t.Errorf("%s: %q %q %v", body, unit, code, err)
		}
	}
	split := flags.Of(verdict(2500))
	if e := split.Evaluate(""); e.ErrorCode != flags.CodeNoKey || e.Value != "" {
		t.Errorf("a split without a unit: %+v", e)
	}
}

func FuzzParseContext(f *testing.F) {
	for _, s := range []string{`{"context":{"targetingKey":"user-1"}}`, `{"context":null}`, `{"context":{"targetingKey":null}}`, `[]`, `{"context":{"targetingKey":"` + "\\u0000" + `"}}`} {
		f.Add([]byte(s))
	}
	split := flags.Of(verdict(2500))
	f.Fuzz(func(t *testing.T, body []byte) {
		unit, code, err := flags.ParseContext(body)
		if (err != nil) != (code != "") || err != nil && unit != "" {
			t.Errorf("%q: %q %q %v", body, unit, code, err)
		}
		if e := split.Evaluate(unit); unit == "" && e.Variant == flags.Canary {
			t.Error("nobody gets the canary")
		}
	})
}
