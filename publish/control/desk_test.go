package control_test

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"verdin/publish/control"
	"verdin/schemas"
)

func TestAnOrderIsAnsweredWithItsCutAndVerdict(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	r := seated(t, d, c, "prod", "recsys")
	got := d.Order(t.Context(), who("ann", control.Admin, "prod"), "prod", "recsys", schemas.VerbPromote, "looks well")
	if !got.Accepted || got.Code != control.CodeNoted || got.Cut != 2 || !strings.Contains(got.Message, "still needs bake: 1m of 5m, and 1 more") {
		t.Errorf("promote without effect: %+v", got)
	}
	got = d.Order(t.Context(), who("ann", control.Operate, "prod"), "prod", "recsys", schemas.VerbKill, "bad answers")
	want := control.Receipt{Accepted: true, Code: control.CodeDecided, Rollout: "prod/recsys", Verb: "kill", Principal: "ann", Cut: 3,
		Phase: schemas.PhaseRolledBack, Verdict: schemas.VerdictRollback, Generation: 1, Sequence: 2,
		Message: "accepted at cut 3: verdict 2 of generation 1 is rollback, the rollout is rolled_back"}
	if got != want {
		t.Errorf("kill: %+v\nwant  %+v", got, want)
	}
	<-r.got
	if cmd := <-r.got; cmd.Actor != "ann" || cmd.Reason != "bad answers" || cmd.Verb != schemas.VerbKill || cmd.At <= noon-1 {
		t.Errorf("the rollout got %+v", cmd)
	}
}

func TestAnOrderThatIsRefusedHasNoEffect(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	r := seated(t, d, c, "prod", "recsys")
	ended, fenced := seated(t, d, c, "prod", "ended"), seated(t, d, c, "prod", "fenced")
	ended.saw(schemas.PhaseAborted, nil)
	fenced.seat.Saw(control.Status{Phase: schemas.PhaseRunning, Fenced: true, Wall: noon}, nil)
	all := who("ann", control.Admin, "*")
	for name, o := range map[string]struct {
		who               control.Principal
		ns, rollout, verb string
		reason, code      string
	}{
		"no such rollout":    {all, "prod", "absent", "kill", "", control.CodeUnknown},
		"no such verb":       {all, "prod", "recsys", "destroy", "", control.CodeBadRequest},
		"reason too long":    {all, "prod", "recsys", "kill", strings.Repeat("x", 5000), control.CodeBadRequest},
		"scope too small":    {who("r", control.Read, "*"), "prod", "recsys", "kill", "", control.CodeNotAllowed},
		"promote by operate": {who("o", control.Operate, "*"), "prod", "recsys", "promote", "", control.CodeNotAllowed},
		"another namespace":  {who("s", control.Admin, "staging"), "prod", "recsys", "kill", "", control.CodeNotAllowed},
		"no scope at all":    {who("n", control.Nothing, "*"), "prod", "recsys", "kill", "", control.CodeNotAllowed},
		"nobody":             {control.Principal{}, "prod", "recsys", "kill", "", control.CodeNotAllowed},
		"no name":            {who("", control.Admin, "*"), "prod", "recsys", "kill", "", control.CodeBadRequest},
		"ended":              {all, "prod", "ended", "resume", "", control.CodeEnded},
		"fenced":             {all, "prod", "fenced", "kill", "", control.CodeFenced},
	} {
		if got := d.Order(t.Context(), o.who, o.ns, o.rollout, o.verb, o.reason); got.Accepted || got.Code != o.code || got.Message == "" {
			t.Errorf("%s: %+v, want code %s", name, got, o.code)
		}
	}
	if len(r.got)+len(ended.got)+len(fenced.got) > 0 {
		t.Error("a refused order reached a rollout")
	}
}

func TestOrdersOfOnePrincipalAreLimited(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	seated(t, d, c, "prod", "recsys")
	ann, bob := who("ann", control.Operate, "*"), who("bob", control.Operate, "*")
	for n := range 10 {
		if got := d.Order(t.Context(), ann, "prod", "recsys", "pause", ""); !got.Accepted {
			t.Fatalf("order %d: %+v", n, got)
		}
	}
	if got := d.Order(t.Context(), ann, "prod", "recsys", "pause", ""); got.Code != control.CodeTooMany {
		t.Errorf("the 11th order of a second: %+v", got)
	}
	if got := d.Order(t.Context(), bob, "prod", "recsys", "pause", ""); !got.Accepted {
		t.Errorf("another principal pays for the first: %+v", got)
	}
	c.pass(time.Second)
	if got := d.Order(t.Context(), ann, "prod", "recsys", "pause", ""); !got.Accepted {
		t.Errorf("a second later: %+v", got)
	}
}

func TestWhoWaitsIsToldWhenARolloutStops(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	taken := make(chan schemas.Command, 1)
	seat := d.Join("prod", "slow", func(_ context.Context, cmd schemas.Command) error { taken <- cmd; return nil }, nil)
	answer := make(chan control.Receipt, 1)
	go func() {
		answer <- d.Order(context.Background(), who("ann", control.Operate, "*"), "prod", "slow", "kill", "")
	}()
	<-taken
	seat.Leave()
	if got := <-answer; got.Code != control.CodeTaken || !got.Accepted {
		t.Errorf("the order was handed over, its fate is open: %+v", got)
	}
	if _, ok := d.Status("prod", "slow"); ok {
		t.Error("a rollout that left is still there")
	}
	gone := d.Join("prod", "gone", func(context.Context, schemas.Command) error { return control.ErrStopped }, nil)
	defer gone.Leave()
	if got := d.Order(t.Context(), who("ann", control.Operate, "*"), "prod", "gone", "kill", ""); got.Code != control.CodeStopped || got.Accepted {
		t.Errorf("an order that nobody took: %+v", got)
	}
}

func TestAStatusIsStaleWhenCutsStop(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	never := d.Join("prod", "new", nil, nil)
	defer never.Leave()
	if st, _ := d.Status("prod", "new"); !st.Stale || st.Phase != schemas.PhasePending {
		t.Errorf("before the first cut: %+v", st)
	}
	r := seated(t, d, c, "prod", "recsys")
	for _, x := range []struct {
		by   time.Duration
		want bool
	}{{0, false}, {control.StaleAfter, false}, {1, true}} {
		c.pass(x.by)
		if st, _ := d.Status("prod", "recsys"); st.Stale != x.want {
			t.Errorf("%v after the last cut stale is %v", c.now().Sub(noon), st.Stale)
		}
	}
	r.saw(schemas.PhaseRunning, nil)
	if st, _ := d.Status("prod", "recsys"); st.Stale {
		t.Error("a cut now, and still stale")
	}
}

func TestAVerdictIsPublishedOnceItsOwnAckCame(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	r := seated(t, d, c, "prod", "recsys")
	published := func() bool { st, _ := d.Status("prod", "recsys"); return st.Published }
	r.saw(schemas.PhaseRunning, verdict("prod", "recsys", 1, "advance", schemas.PhaseRunning, 1000, noon))
	if published() {
		t.Error("a verdict counts as published before it is")
	}
	d.Acked("prod", "recsys", 2, 1)
	if published() {
		t.Error("the answer to another generation's verdict counts")
	}
	d.Acked("prod", "recsys", 1, 1)
	if !published() {
		t.Error("the answer does not count")
	}
	r.saw(schemas.PhaseRolledBack, verdict("prod", "recsys", 2, "rollback", schemas.PhaseRolledBack, 0, noon))
	if st, _ := d.Status("prod", "recsys"); st.Published || len(st.Recent) != 2 || st.Recent[0].Sequence != 2 || st.Head.Sequence != 2 {
		t.Errorf("the next verdict: published %v, %+v", st.Published, st.Recent)
	}
	d.Acked("prod", "recsys", 1, 3) // the answer overtakes the news of its verdict
	r.saw(schemas.PhaseRolledBack, verdict("prod", "recsys", 3, "rollback", schemas.PhaseRolledBack, 0, noon))
	if !published() {
		t.Error("an answer that came early is lost")
	}
}

func TestAnAcknowledgementNeedsAPublishedVerdictAndTheScope(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	r := seated(t, d, c, "prod", "recsys")
	admin := who("argo", control.Admin, "prod")
	if err := d.Ack(admin, "prod", "recsys", "argo"); err == nil {
		t.Error("nothing stands there to acknowledge")
	}
	r.saw(schemas.PhaseRunning, verdict("prod", "recsys", 1, "advance", schemas.PhaseRunning, 1000, noon))
	d.Acked("prod", "recsys", 1, 1)
	for _, bad := range []error{
		d.Ack(who("x", control.Operate, "*"), "prod", "recsys", "argo"), d.Ack(admin, "prod", "absent", "argo"),
		d.Ack(admin, "staging", "recsys", "argo"), d.Ack(admin, "prod", "recsys", "No Label")} {
		if bad == nil {
			t.Error("an acknowledgement that must be refused is taken")
		}
	}
	if err := d.Ack(admin, "prod", "recsys", "argo"); err != nil {
		t.Fatal(err)
	}
	if a := <-r.acks; a.Router != "argo" || a.Generation != 1 || a.Sequence != 1 || a.At != noon {
		t.Errorf("acknowledged %+v", a)
	}
	if err := d.Ack(admin, "prod", "recsys", "argo"); err != nil || len(r.acks) > 0 {
		t.Errorf("the same again: %v, %d acknowledgements", err, len(r.acks))
	}
}

func TestAwaitSeesEveryChange(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	v := d.Await(t.Context(), 99)
	woken := make(chan uint64)
	go func() { woken <- d.Await(context.Background(), v) }()
	seat := d.Join("prod", "recsys", nil, nil)
	defer seat.Leave()
	if got := <-woken; got == v {
		t.Error("a new rollout is no change")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if now := d.Await(ended, 0); d.Await(ended, now) != now {
		t.Error("without a change the version moved")
	}
}

func TestAStatusWithNumbersThatAreNoneIsJSON(t *testing.T) {
	st := control.Status{EnteredAt: schemas.Unknown, Checks: []schemas.Check{{Name: "p99", LogE: math.NaN(), LogEMax: math.Inf(1)}}}
	data, err := json.Marshal(st)
	if err != nil || !strings.Contains(string(data), `"log_e":null`) {
		t.Fatalf("%s %v", data, err)
	}
	var back control.Status
	if err := json.Unmarshal(data, &back); err != nil || back.Checks[0].Name != "p99" || back.EnteredAt != schemas.Unknown {
		t.Errorf("%+v %v", back, err)
	}
}

// Two orders of one instant are two orders: each is answered with its own cut.
func TestOrdersOfOneInstantAreToldApart(t *testing.T) {
	d := newDesk(newClock()) // its clock stands still
	given := make(chan schemas.Command, 2)
	seat := d.Join("prod", "recsys", func(_ context.Context, c schemas.Command) error { given <- c; return nil }, nil)
	defer seat.Leave()
	answers := make(chan control.Receipt, 2)
	for _, name := range []string{"ann", "bob"} {
		go func() {
			answers <- d.Order(context.Background(), who(name, control.Operate, "*"), "prod", "recsys", "pause", "")
		}()
	}
	first, second := <-given, <-given
	seat.Obeyed(1, first, nil)
	seat.Obeyed(2, second, nil)
	cuts := map[string]int64{first.Actor: 1, second.Actor: 2}
	for range 2 {
		if got := <-answers; got.Cut != cuts[got.Principal] {
			t.Errorf("%+v, want cut %d", got, cuts[got.Principal])
		}
	}
}
