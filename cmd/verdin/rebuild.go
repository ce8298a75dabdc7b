package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"verdin/publish/control"
	"verdin/schemas"
)

// opening is a rollout whose state was opened, or was not.
type opening struct {
	ctx  context.Context // of the rollout
	path string
	b    *begin
	r    *running
	err  error
}

// open opens a rollout's state and runs it. If the topics must be read again for that,
// it goes on beside the folder, whose other rollouts do not wait.
func (f *folder) open(ctx context.Context, path string, b *begin) error {
	r := &running{name: b.name(), digest: b.spec.Digest}
	ctx, r.stop = context.WithCancel(ctx)
	f.running[path] = r
	o := opening{ctx: ctx, path: path, b: b, r: r}
	b.rebuild.long = make(chan struct{})
	b.lead.wary = f.fenced[path]
	waits, ended := make(chan struct{}), make(chan error, 1)
	r.done.Go(func() {
		err := b.await(ctx, waits)
		if err == nil {
			err = b.open(ctx)
		}
		b.rebuild.leave()
		ended <- err
	})
	select {
	case o.err = <-ended:
		return f.take(o)
	case <-waits:
		r.standby = true
		f.log.Info("another engine judges: this one stands by", "rollout", r.name, "file", path)
	case <-b.rebuild.long:
		r.rebuilding = true
		f.log.Info("the topics are read again", "rollout", r.name, "file", path)
	}
	r.done.Go(func() {
		o.err = <-ended
		select {
		case f.rebuilt <- o:
		case <-ctx.Done():
			if o.err == nil {
				o.err = b.close()
			}
			b.lead.surrender()
		}
	})
	return nil
}

// take runs a rollout that was opened, or says why it cannot be run.
func (f *folder) take(o opening) error {
	o.r.rebuilding, o.r.standby = false, false
	switch {
	case errors.Is(o.err, errEnded):
		o.r.stop()
		o.b.lead.surrender()
		o.r.stop = o.b.retire() // what it ordered last still counts
		f.log.Info("rollout ended before: change its spec to begin anew", "rollout", o.r.name, "file", o.path, "last", o.err.Error())
	case o.err != nil:
		o.r.stop()
		o.b.lead.surrender()
		delete(f.running, o.path)
		return fmt.Errorf("%s: %w", o.path, o.err)
	default:
		f.run(o)
	}
	return nil
}

// rebuild is how far the topics of a rollout were read again.
type rebuild struct {
	long    chan struct{} // closed when that begins
	seat    *control.Seat // nil = it has not begun
	service *control.Service
	told    schemas.Time
}

// again hears how many cuts of the journal were made once more. Meanwhile the rollout
// tells at the desk how far it is; it takes no orders.
func (b *begin) again(made, all int) {
	r, now := &b.rebuild, b.now()
	if r.seat == nil {
		stopped := func(context.Context, schemas.Command) error { return control.ErrStopped }
		r.seat = b.desk.Join(b.spec.Namespace, b.spec.Name, stopped, nil)
		if b.head.Verdict != nil {
			r.seat.Resume(b.head.Verdict)
		}
		var err error
		if r.service, err = control.Listen(b.nc, r.seat, control.ListenOptions{Operators: b.operators, Version: version(), OnError: b.report}); err != nil {
			b.report(err)
		}
	} else if now.Sub(r.told) < time.Second {
		return
	}
	r.told = now
	st := control.Status{Phase: schemas.PhasePending, Stage: -1, Stages: []int{}, Stable: b.spec.Arms.Stable, Canary: b.spec.Arms.Canary, DryRun: b.spec.DryRun,
		Rebuilding: true, CatchingUp: true, EnteredAt: schemas.Unknown, Wall: now, Mark: schemas.Unknown, Checks: []schemas.Check{},
		Missing: []string{fmt.Sprintf("the topics to be read again: %d of %d cuts are made", made, all)}}
	if v := b.head.Verdict; v != nil {
		st.Phase, st.Generation, st.Stage = v.Phase, v.Generation, v.Stage.Index
	}
	for _, stage := range b.spec.Stages {
		st.Stages = append(st.Stages, stage.Weight)
	}
	r.seat.Saw(st, nil)
	if made == 0 {
		close(r.long)
	}
}

// leave ends what again has begun.
func (r *rebuild) leave() {
	if r.service != nil {
		r.service.Stop()
	}
	if r.seat != nil {
		r.seat.Leave()
	}
}
