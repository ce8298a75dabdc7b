package control

import (
	"context"
	"errors"
	"time"

	"verdin/schemas"
)

// patience is how long an order waits for the cut that journals it: a live engine
// looks every 100 ms.
const patience = 5 * time.Second

// ErrStopped says that a rollout stopped before it took an order.
var ErrStopped = errors.New("the rollout has stopped")

// Order gives an order to a rollout and tells what became of it.
func (d *Desk) Order(ctx context.Context, who Principal, ns, rollout, verb, reason string) Receipt {
	r := d.order(ctx, who, ns, rollout, verb, reason)
	r.Rollout, r.Verb, r.Principal = ns+"/"+rollout, verb, who.Name
	return r
}

func (d *Desk) order(ctx context.Context, who Principal, ns, rollout, verb, reason string) Receipt {
	need, ok := Needs(verb)
	switch {
	case !ok:
		return Refuse(CodeBadRequest, "%.40q is no verb: use pause, resume, promote, rollback, kill or abort", verb)
	case !who.May(need, ns):
		return Refuse(CodeNotAllowed, "%s may not %s in namespace %.63q: that asks for the scope %s there", who.Name, verb, ns, need)
	case !d.limits.allow(who.Name, d.now()):
		return Refuse(CodeTooMany, "%s gives more orders than one a second: wait a moment", who.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, c, reply, refused := d.enter(who, ns, rollout, verb, reason)
	if refused != nil {
		return *refused
	}
	if err := s.give(ctx, c); err != nil {
		s.forget(c.At)
		if errors.Is(err, ErrStopped) {
			return Refuse(CodeStopped, "rollout %s/%s stops: ask again when it runs", ns, rollout)
		}
		return Refuse(CodeStopped, "rollout %s/%s took no order within %v: it is busy; ask again", ns, rollout, patience)
	}
	select {
	case r := <-reply:
		return r
	case <-ctx.Done():
		s.forget(c.At)
		return Receipt{Accepted: true, Code: CodeTaken, Message: "the rollout took the order and has not made a cut since: ask for its status"}
	}
}

// enter checks an order against where the rollout stands and notes that somebody waits
// for its answer.
func (d *Desk) enter(who Principal, ns, rollout, verb, reason string) (s *Seat, c schemas.Command, reply chan Receipt, refused *Receipt) {
	d.mu.Lock()
	defer d.mu.Unlock()
	refuse := func(code, format string, args ...any) (*Seat, schemas.Command, chan Receipt, *Receipt) {
		r := Refuse(code, format, args...)
		return nil, c, nil, &r
	}
	s = d.seats[ns+"/"+rollout]
	switch {
	case s == nil:
		return refuse(CodeUnknown, "no rollout %.63s/%.63s runs here: verdin status lists those that do", ns, rollout)
	case s.status.Ended():
		return refuse(CodeEnded, "rollout %s/%s is %s: nothing can be ordered any more", ns, rollout, s.status.Phase)
	case s.status.Fenced:
		return refuse(CodeFenced, "another engine writes the verdicts of %s/%s: give the order there", ns, rollout)
	}
	d.stamped = max(d.now(), d.stamped+1)
	c = schemas.Command{Namespace: ns, Rollout: rollout, Verb: verb, Actor: who.Name, Reason: reason, At: d.stamped}
	if _, err := schemas.ParseCommand(c.AppendJSON(nil)); err != nil {
		return refuse(CodeBadRequest, "%v", err)
	}
	reply = make(chan Receipt, 1)
	s.waiting[c.At] = reply
	return s, c, reply, nil
}

func (s *Seat) forget(at schemas.Time) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	delete(s.waiting, at)
}
