package schemas_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// asyncDocument is AsyncAPI as plain JSON values.
func asyncDocument(text string) (map[string]any, error) {
	j, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	return doc, json.Unmarshal(j, &doc)
}

// readAsyncAPI takes the channels: their address, and the payload of each message.
func readAsyncAPI(text string) (contract, error) {
	doc, err := asyncDocument(text)
	if err != nil {
		return nil, err
	}
	c := contract{"": {kind: fmt.Sprint(doc["asyncapi"]), present: true}}
	for name, ch := range object(doc["channels"]) {
		c[name] = member{kind: fmt.Sprint(object(ch)["address"])}
		for key, ref := range object(object(ch)["messages"]) {
			m := object(follow(doc, fmt.Sprint(object(ref)["$ref"])))
			c[name+"."+key] = member{kind: fmt.Sprint(m["name"], " ", object(object(m["payload"])["schema"])["$ref"])}
		}
	}
	return c, nil
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// follow resolves a reference within the document, nil if it leads nowhere.
func follow(doc any, ref string) any {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	for part := range strings.SplitSeq(path, "/") {
		doc = object(doc)[part]
	}
	return doc
}
