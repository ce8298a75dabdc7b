package control_test

import (
	"strings"
	"testing"

	"verdin/publish/control"
	"verdin/schemas"
)

// Who is at a gate for two people is told to the one who comes next, and a name that
// nobody proved is not repeated as if it were one.
func TestAGateTellsWhoSpoke(t *testing.T) {
	for name, c := range map[string]struct {
		st   control.Status
		want string
	}{
		"nobody":           {control.Status{Gate: "manual", Approvals: 2}, "2 people, 0 spoke"},
		"one":              {control.Status{Gate: "manual", Approvals: 2, Approvers: []string{"ann"}}, "2 people, 1 spoke: ann"},
		"one without name": {control.Status{Gate: "manual", Approvals: 2, Approvers: []string{schemas.ActorUnproven}}, "2 people, 1 spoke: somebody by NATS"},
		"one is enough":    {control.Status{Gate: "manual", Approvals: 1}, "waits for a promote"},
		"no gate":          {control.Status{Approvals: 2}, ""},
		"it ended":         {control.Status{Gate: "manual", Approvals: 2, Phase: schemas.PhaseAborted}, ""},
	} {
		if got := c.st.GateText(); !strings.HasSuffix(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
