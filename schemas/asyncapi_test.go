package schemas_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"verdin/schemas"
)

// asyncSchema is the JSON Schema that AsyncAPI publishes for its documents.
func asyncSchema(t testing.TB) *jsonschema.Schema {
	file, err := os.ReadFile("testdata/asyncapi-3.0.0.schema.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	text, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("asyncapi.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("asyncapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAsyncAPIIsValid(t *testing.T) {
	official := asyncSchema(t)
	text := string(document(t, "asyncapi", "").Text())
	doc, err := asyncDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := official.Validate(doc); err != nil {
		t.Error(err)
	}
	for _, bad := range []struct{ old, new string }{
		{"asyncapi: 3.0.0", "asyncapi: 4.0.0"},
		{"action: receive", "action: take"},
		{"    address: verdin.v1.hb", "    adress: verdin.v1.hb"},
		{"protocol: kafka}", "port: kafka}"},
	} {
		doc, err := asyncDocument(strings.Replace(text, bad.old, bad.new, 1))
		if err != nil || official.Validate(doc) == nil {
			t.Errorf("%s instead of %s passed (%v)", bad.new, bad.old, err)
		}
	}
}

// Every reference leads to a part of the document or to one of the schemas.
func TestAsyncAPIReferencesLeadSomewhere(t *testing.T) {
	text := string(document(t, "asyncapi", "").Text())
	doc, err := asyncDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, broken := range dangling(doc, doc, used) {
		t.Error(broken)
	}
	for _, d := range messages() {
		onKafka := d.Name == "prediction" || d.Name == "outcome" || d.Name == "resource"
		if (d.Form == schemas.FormJSONSchema || onKafka) && d.Form != schemas.FormAsyncAPI && !used[d.Path] {
			t.Errorf("no message uses %s", d.Path)
		}
	}
	doc, _ = asyncDocument(strings.Replace(text, "'#/channels/acks'", "'#/channels/aks'", 1))
	if got := dangling(doc, doc, used); len(got) != 1 {
		t.Errorf("of one broken reference found %v", got)
	}
}

func dangling(doc, v any, used map[string]bool) []string {
	var all []string
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			used[ref] = true
			if _, file := published()[ref]; !file && follow(doc, ref) == nil {
				all = append(all, fmt.Sprintf("reference %s leads nowhere", ref))
			}
		}
		for _, x := range v {
			all = append(all, dangling(doc, x, used)...)
		}
	case []any:
		for _, x := range v {
			all = append(all, dangling(doc, x, used)...)
		}
	}
	return all
}

// The addresses are those that the code publishes and listens on.
func TestAsyncAPIHasTheSubjectsOfTheCode(t *testing.T) {
	c := published().read(t, document(t, "asyncapi", ""))
	for channel, want := range map[string]string{
		"routes":     schemas.WriteSubject("{namespace}", "{rollout}"),
		"verdicts":   schemas.PlainSubject("{namespace}", "{rollout}"),
		"heartbeats": schemas.BeatSubject("{namespace}", "{engine}"),
		"acks":       schemas.AckSubject("{namespace}", "{rollout}", "{router}"),
	} {
		if got := c[channel].kind; got != want {
			t.Errorf("channel %s has address %s, the code %s", channel, got, want)
		}
	}
	for key, want := range map[string]string{
		"predictions.prediction": schemas.TypePrediction, "outcomes.outcome": schemas.TypeOutcome,
		"resources.resource": schemas.TypeResource, "verdicts.verdict": schemas.TypeVerdict,
	} {
		if got := c[key].kind; !strings.HasPrefix(got, want+" ") {
			t.Errorf("message %s is %s, want %s", key, got, want)
		}
	}
}
