package schemas_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/schemas"
)

// A member that is added in one place only turns this red.
func TestGoTypesAndSchemasAgree(t *testing.T) {
	for _, name := range names() {
		want := published().read(t, document(t, name, schemas.FormJSONSchema))
		for _, form := range []string{schemas.FormAvro, schemas.FormProto} {
			for _, d := range differences(want, published().read(t, document(t, name, form)), form) {
				t.Errorf("%s: %s and JSON Schema: %s", name, form, d)
			}
		}
		got, err := readGo(goTypes[name])
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range differences(want, got, "go") {
			t.Errorf("%s: Go and JSON Schema: %s", name, d)
		}
	}
}

func document(t testing.TB, name, form string) schemas.Document {
	d, ok := schemas.FindDocument(name, form)
	if !ok {
		t.Fatalf("no document %s in %s", name, form)
	}
	return d
}

// differences tells where another form says something else than JSON Schema.
func differences(want, got contract, form string) []string {
	var all []string
	for _, path := range got.paths() {
		if _, ok := want[path]; !ok {
			all = append(all, path+" is not in JSON Schema")
		}
	}
	for _, path := range want.paths() {
		w, g := want[path], got[path]
		if _, ok := got[path]; !ok {
			all = append(all, path+" is only in JSON Schema")
			continue
		}
		if path == "" {
			continue
		}
		if k := kindIn(form, w.kind); g.kind != k && g.kind != "any" {
			all = append(all, path+" is "+g.kind+", want "+k)
		}
		if !samePresence(form, path, w, g) {
			all = append(all, path+": required here, optional there")
		}
	}
	return all
}

// kindIn is what a kind of JSON Schema is in another form.
func kindIn(form, kind string) string {
	switch {
	case form == schemas.FormAvro && (kind == "uint32" || kind == "int64" || kind == "uint64"):
		return "long"
	case form == schemas.FormProto && kind == "number or bool":
		return "scalar"
	}
	return kind
}

// samePresence compares whether a member must be there, as far as the form can tell.
func samePresence(form, path string, w, g member) bool {
	inside := strings.HasSuffix(path, "[]") || strings.HasSuffix(path, "{}")
	fromEnvelope := path == "rollout" && form != "go" // its own file says that the subject may stand for it
	switch form {
	case schemas.FormAvro:
		return inside && w.null == g.null || fromEnvelope || !inside && w.present == g.present && (!w.present || w.null == g.null)
	case schemas.FormProto: // messages, lists and maps have no say
		silent := slices.Contains([]string{"time", "object", "scalar", "list", "map"}, g.kind)
		return inside || silent || fromEnvelope || g.present == (w.present && !w.null)
	}
	return w.present == g.present
}

// The comparison sees a change in each form.
func TestTheComparisonSeesOneSidedChanges(t *testing.T) {
	for _, c := range []struct{ path, old, new, want string }{
		{"avro/prediction.v1.avsc", `"name": "ttft_seconds"`, `"name": "ttft"`, "ttft is not in JSON Schema"},
		{"avro/prediction.v1.avsc", `{"name": "status_code", "type": ["null", "int"]`, `{"name": "status_code", "type": ["null", "long"]`, "status_code is long, want int32"},
		{"avro/outcome.v1.avsc", `"name": "final", "type": ["null", "boolean"], "default": null`, `"name": "final", "type": "boolean"`, "final: required"},
		{"proto/verdin/v1/events.proto", "optional double cpu_cores = 5;", "optional double cpu_cores = 5; optional double disk = 12;", "disk is not in"},
		{"proto/verdin/v1/events.proto", "optional double cpu_cores", "double cpu_cores", "cpu_cores: required"},
		{"proto/verdin/v1/control.proto", "uint64 sequence = 5;", "int64 sequence = 5;", "sequence is int64, want uint64"},
		{"proto/verdin/v1/verdict.proto", "  bool dry_run = 20;\n", "", "dry_run is only in"},
	} {
		f := published()
		text := strings.Replace(f[c.path], c.old, c.new, 1)
		if text == f[c.path] {
			t.Errorf("%s has no %s", c.path, c.old)
		}
		f[c.path] = text
		var found []string
		for _, d := range messages() {
			if d.Path == c.path {
				want := f.read(t, document(t, d.Name, schemas.FormJSONSchema))
				found = append(found, differences(want, f.read(t, d), d.Form)...)
			}
		}
		if !strings.Contains(strings.Join(found, "\n"), c.want) {
			t.Errorf("%s: %s → %s: found %q, want %q", c.path, c.old, c.new, found, c.want)
		}
	}
}

// A word that the code knows is one that the schema allows, and the reverse.
func TestEnumsAreTheConstants(t *testing.T) {
	for _, e := range []struct{ prefix, document, path string }{
		{"Verdict", "verdict", "verdict"}, {"Phase", "verdict", "phase"}, {"Expiry", "verdict", "on_expiry"}, {"Verb", "command", "verb"},
	} {
		want := constants(t, e.prefix)
		got := slices.Sorted(slices.Values(published().read(t, document(t, e.document, schemas.FormJSONSchema))[e.path].enum))
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s of %s: the schema has %v, the code %v", e.path, e.document, got, want)
		}
	}
}

// constants lists the texts of the package's constants whose names begin with prefix.
func constants(t *testing.T, prefix string) []string {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
				text, _ := strconv.Unquote(lit.Value)
				all = append(all, text)
			}
			return true
		})
	}
	slices.Sort(all)
	return all
}

// What the decision knows of an order is what its event says.
func TestCommandsCarryWhatTheDecisionReads(t *testing.T) {
	for f := range reflect.TypeFor[decision.Command]().Fields() {
		if _, ok := reflect.TypeFor[schemas.Command]().FieldByName(f.Name); !ok {
			t.Errorf("an order has %s, its event has not", f.Name)
		}
	}
}
