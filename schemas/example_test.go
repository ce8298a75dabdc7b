package schemas_test

import (
	"fmt"
	"strings"

	"verdin/schemas"
)

func ExampleFindDocument() {
	d, _ := schemas.FindDocument("ack", schemas.FormAvro)
	first, _, _ := strings.Cut(string(d.Text()), ",")
	fmt.Println(d.Path, first)
	// Output:
	// avro/ack.v1.avsc {
	//   "type": "record"
}

func ExampleDocuments() {
	for _, d := range schemas.Documents() {
		if d.Form == schemas.FormProto {
			fmt.Print(d.Name, " ")
		}
	}
	// Output: prediction outcome resource command ack heartbeat verdict
}

func ExampleParseCommand() {
	c, err := schemas.ParseCommand([]byte(`{"namespace":"prod","rollout":"recsys","verb":"rollback","actor":"till","at":"2026-03-01T12:00:00Z"}`))
	fmt.Println(c.Verb, "by", c.Actor, err)
	// Output: rollback by till <nil>
}
