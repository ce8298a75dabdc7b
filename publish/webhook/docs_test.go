package webhook

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"verdin/schemas"
)

// What docs/webhook.md tells receivers to run accepts what a hook sends, and nothing else.
func TestTheSnippetInTheDocsVerifies(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the snippet in docs/webhook.md is not tested")
	}
	page, err := os.ReadFile("../../docs/webhook.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(page)
	if code == nil {
		t.Fatal("docs/webhook.md has no snippet")
	}
	n, now := note(1), time.Now()
	body, err := n.body()
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]string{"webhook-id": n.ID, "webhook-timestamp": itoa(now), "webhook-signature": testKey(t).sign(n.ID, now, body)}
	old := map[string]string{"webhook-id": n.ID, "webhook-timestamp": itoa(now.Add(-time.Hour)), "webhook-signature": testKey(t).sign(n.ID, now.Add(-time.Hour), body)}
	for name, c := range map[string]struct {
		headers map[string]string
		body    []byte
		want    string
	}{"as sent": {headers, body, ""}, "another body": {headers, append(bytes.Clone(body), ' '), "no signature fits"}, "old": {old, body, "too old"}} {
		given, _ := json.Marshal(c.headers)
		cmd := exec.CommandContext(t.Context(), python, "-c", string(code[1])+
			"\nimport sys, json\nverify(sys.argv[1], json.loads(sys.argv[2]), sys.stdin.buffer.read())\n", secret, string(given))
		cmd.Stdin = bytes.NewReader(c.body)
		out, err := cmd.CombinedOutput()
		if (err == nil) != (c.want == "") || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}

func itoa(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// Every note fits the published schema, with the verdict inside, and no member is missing in it.
func TestNotesFitTheirSchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	for _, name := range []string{"verdict", "webhook"} {
		d, _ := schemas.FindDocument(name, schemas.FormJSONSchema)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.Text()))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("urn:verdin:"+name+":v1", doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("urn:verdin:webhook:v1")
	if err != nil {
		t.Fatal(err)
	}
	payload, err := os.ReadFile("../../testdata/events/verdict.json")
	if err != nil {
		t.Fatal(err)
	}
	v, err := schemas.ParseVerdict(payload)
	if err != nil {
		t.Fatal(err)
	}
	n := NewNote(v, v.AppendJSON(nil), Advice{})
	body, err := n.body()
	if err != nil {
		t.Fatal(err)
	}
	got, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(got); err != nil {
		t.Error(err)
	}
	for member := range got.(map[string]any) {
		if s.Properties[member] == nil {
			t.Errorf("the schema does not know %s", member)
		}
	}
	if len(got.(map[string]any)) != len(s.Required) {
		t.Errorf("%d members, %d required", len(got.(map[string]any)), len(s.Required))
	}
}
