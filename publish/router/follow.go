package router

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

const (
	retryEvery = time.Second      // after a failure
	readEvery  = 60 * time.Second // full read of the bucket, should a message have been lost
	exchange   = 5 * time.Second  // one exchange with the server
	readBatch  = 64               // the history of one rollout, as the bucket is set up
)

// Run follows verdicts and heartbeats until ctx ends. It waits for a server or
// a bucket that is not there yet, and stays through outages; the connection
// should reconnect for ever. Run is called once.
func (r *Router) Run(ctx context.Context, nc *nats.Conn) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("router: %w", err)
	}
	beats, err := r.followBeats(nc)
	if err != nil {
		return err
	}
	defer func() {
		for _, s := range beats {
			_ = s.Unsubscribe() // the connection may be gone already
		}
	}()
	for _, l := range r.order {
		feed := r.patiently(ctx, js, l)
		if feed == nil {
			return nil // ctx ended
		}
		defer func() {
			feed.Stop()
			<-feed.Closed()
		}()
	}
	r.work(ctx, js)
	return nil
}

// patiently follows the verdicts of a rollout as soon as that is possible.
func (r *Router) patiently(ctx context.Context, js jetstream.JetStream, l *lane) jetstream.ConsumeContext {
	for {
		feed, err := r.followVerdicts(ctx, js, l)
		if err == nil {
			return feed
		}
		r.cfg.OnError(fmt.Errorf("router: following verdicts of %s/%s: %w", l.ns, l.name, err))
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retryEvery):
		}
	}
}

// followBeats subscribes to the heartbeats of each namespace.
func (r *Router) followBeats(nc *nats.Conn) (subs []*nats.Subscription, err error) {
	seen := map[string]bool{}
	for _, l := range r.order {
		if seen[l.ns] {
			continue
		}
		seen[l.ns] = true
		s, err := nc.Subscribe(schemas.PrefixBeat+"."+l.ns+".*", func(m *nats.Msg) { r.heartbeat(m.Subject, header(m.Header), m.Data) })
		if err != nil {
			return subs, fmt.Errorf("router: following heartbeats of %s: %w", l.ns, err)
		}
		subs = append(subs, s)
	}
	return subs, nil
}

// followVerdicts delivers the last verdict of a rollout, then each new one.
func (r *Router) followVerdicts(ctx context.Context, js jetstream.JetStream, l *lane) (jetstream.ConsumeContext, error) {
	c, err := l.consumer(ctx, js, jetstream.DeliverLastPerSubjectPolicy)
	if err != nil {
		return nil, err
	}
	take := func(m jetstream.Msg) {
		if r.verdict(l, header(m.Headers()), m.Data()) == gap {
			l.expect()
			r.rouse()
		}
	}
	return c.Consume(take, jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		r.cfg.OnError(fmt.Errorf("router: following verdicts of %s/%s: %w", l.ns, l.name, err))
	}))
}

// consumer reads one rollout only, so that the permissions of a router can
// name the namespaces that it may read.
func (l *lane) consumer(ctx context.Context, js jetstream.JetStream, from jetstream.DeliverPolicy) (jetstream.Consumer, error) {
	ctx, cancel := context.WithTimeout(ctx, exchange)
	defer cancel()
	return js.OrderedConsumer(ctx, schemas.StreamRoutes, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{schemas.WriteSubject(l.ns, l.name)}, DeliverPolicy: from})
}

// work sends acknowledgements and closes gaps until ctx ends.
func (r *Router) work(ctx context.Context, js jetstream.JetStream) {
	all := time.NewTicker(readEvery)
	defer all.Stop()
	var retry <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			r.unsaved.Store(true)
			if err := r.save(); err != nil {
				r.cfg.OnError(err)
			}
			return
		case <-r.wake:
		case <-retry:
		case <-all.C:
			for _, l := range r.order {
				l.expect()
			}
			r.unsaved.Store(true) // heartbeats have moved deadlines
		}
		retry = nil
		if err := r.save(); err != nil { // first: what is acknowledged should survive
			r.cfg.OnError(err)
			retry = time.After(retryEvery)
		}
		for _, l := range r.order {
			if err := errors.Join(r.acknowledge(ctx, js, l), r.fetch(ctx, js, l), r.acknowledge(ctx, js, l)); err != nil && ctx.Err() == nil {
				r.cfg.OnError(err)
				retry = time.After(retryEvery)
			}
		}
	}
}

// acknowledge tells the engine what is served, until the stream has stored it.
func (r *Router) acknowledge(ctx context.Context, js jetstream.JetStream, l *lane) error {
	a, ok := l.unacknowledged()
	if !ok {
		return nil
	}
	a.Router = r.cfg.ID
	ctx, cancel := context.WithTimeout(ctx, exchange)
	defer cancel()
	if _, err := js.Publish(ctx, a.Subject(), a.AppendJSON(nil), jetstream.WithExpectStream(schemas.StreamAcks)); err != nil {
		return fmt.Errorf("router: acknowledging %s: %w", schemas.VerdictID(a.Namespace, a.Rollout, a.Generation, a.Sequence), err)
	}
	l.acknowledged(a)
	return nil
}

// fetch reads the history of a rollout, if a verdict is missing.
func (r *Router) fetch(ctx context.Context, js jetstream.JetStream, l *lane) error {
	if !l.lacks() {
		return nil
	}
	last, err := r.walk(ctx, js, l)
	if err != nil {
		return fmt.Errorf("router: reading the history of %s/%s: %w", l.ns, l.name, err)
	}
	l.settled()
	if last == gap {
		r.count.broken.Add(1)
		r.cfg.OnError(fmt.Errorf("router: %s/%s: the chain of verdicts has a gap that the history does not close: the weights stay as they are", l.ns, l.name))
	}
	return nil
}

// walk offers the history of a rollout in order, or the last verdict alone to a
// lane that has none: old weights must not pass by at the start.
func (r *Router) walk(ctx context.Context, js jetstream.JetStream, l *lane) (last outcome, err error) {
	from := jetstream.DeliverAllPolicy
	if l.status(r.cfg.Now()).Generation == 0 {
		from = jetstream.DeliverLastPerSubjectPolicy
	}
	c, err := l.consumer(ctx, js, from)
	if err != nil {
		return last, err
	}
	for {
		batch, err := c.FetchNoWait(readBatch)
		if err != nil {
			return last, err
		}
		n := 0
		for m := range batch.Messages() {
			last = r.verdict(l, header(m.Headers()), m.Data())
			n++
		}
		if batch.Error() != nil || n < readBatch {
			return last, batch.Error()
		}
	}
}

func (l *lane) expect() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missing = true
}

func (l *lane) lacks() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.missing
}

func (l *lane) settled() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.missing = false
}

func (l *lane) unacknowledged() (a schemas.Ack, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unsent == nil {
		return a, false
	}
	return *l.unsent, true
}

// acknowledged forgets an acknowledgement that was stored, unless a newer one waits.
func (l *lane) acknowledged(a schemas.Ack) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u := l.unsent; u != nil && u.Generation == a.Generation && u.Sequence == a.Sequence {
		l.unsent = nil
	}
}
