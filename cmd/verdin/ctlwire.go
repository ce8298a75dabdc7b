package main

import (
	"context"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/publish/control"
	"verdin/schemas"
)

// attend seats the rollout at the desk of the engine: its orders come to the pump, and
// what its cuts leave is told. The result ends that.
func (b *begin) attend(ctx context.Context, acks func(schemas.Ack)) (leave func(), err error) {
	give := func(ask context.Context, c schemas.Command) error {
		select {
		case b.orders <- decision.Command{Verb: c.Verb, Actor: c.Actor, Reason: c.Reason, At: c.At}:
			return nil
		case <-ctx.Done():
			return control.ErrStopped
		case <-ask.Done():
			return ask.Err()
		}
	}
	ns, name := b.spec.Namespace, b.spec.Name
	seat := b.desk.Join(ns, name, give, acks)
	if v := b.head.Verdict; v != nil && v.Generation == b.generation {
		seat.Resume(v)
	}
	service, err := control.Listen(b.nc, seat, control.ListenOptions{Operators: b.operators, Version: version(), OnError: b.report})
	if err != nil {
		seat.Leave()
		return nil, err
	}
	b.live.Orders = b.orders
	each := b.live.Each
	var checks []schemas.Check
	b.live.Each = func(o engine.Outcome, c decision.Cut) {
		if o.Windows > 0 || checks == nil {
			checks = decision.Checks(o.Evidence)
		}
		seat.Saw(b.standing(o, c, checks), o.Verdict)
		each(o, c)
	}
	b.live.Obeyed = func(cut int64, c decision.Command, v *schemas.Verdict) {
		seat.Obeyed(cut, schemas.Command{Namespace: ns, Rollout: name, Verb: c.Verb, Actor: c.Actor, Reason: c.Reason, At: c.At}, v)
	}
	return func() { service.Stop(); seat.Leave() }, nil
}

// standing is where the rollout stands after a cut.
func (b *begin) standing(o engine.Outcome, c decision.Cut, checks []schemas.Check) control.Status {
	st := o.State
	ahead := decision.Ahead(b.spec, st, decision.Input{Cut: c, Evidence: o.Evidence, Stage: o.Stage, Health: o.Health})
	s := control.Status{
		Phase: st.Phase, Generation: st.Generation, Stage: st.Stage, Stable: b.spec.Arms.Stable, Canary: b.spec.Arms.Canary,
		EnteredAt: st.EnteredAt, Held: st.Held, CatchingUp: c.CatchingUp, Fenced: st.Fenced, DryRun: b.spec.DryRun,
		Cut: c.Seq, Wall: c.Wall, Mark: o.Health.Mark, Checks: checks, Missing: ahead.Missing, ETASeconds: int64(ahead.ETA.Seconds()),
	}
	if s.Missing == nil {
		s.Missing = []string{}
	}
	for i, stage := range b.spec.Stages {
		s.Stages = append(s.Stages, stage.Weight)
		if i == st.Stage && !st.Forced {
			s.Gate, s.Approvals, s.Approvers = stage.Gate, b.spec.Policy.Approvals, st.Approvers
		}
	}
	return s
}

// retire seats a rollout that ended before this engine began: what it ordered last is
// still told, and served to flag clients. The result ends that.
func (b *begin) retire() (leave func()) {
	seat := b.desk.Join(b.spec.Namespace, b.spec.Name, func(context.Context, schemas.Command) error { return control.ErrStopped }, nil)
	seat.Resume(b.head.Verdict)
	service, err := control.Listen(b.nc, seat, control.ListenOptions{Operators: b.operators, Version: version(), OnError: b.report})
	if err != nil {
		b.report(err)
		return seat.Leave
	}
	return func() { service.Stop(); seat.Leave() }
}
