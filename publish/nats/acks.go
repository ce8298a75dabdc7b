package nats

import (
	"context"
	"fmt"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// FollowAcks calls each for the last acknowledgement of every router and then
// for each new one, in the order of the stream, until ctx ends. The same one
// may come again: routers repeat it after an outage. What is no acknowledgement
// goes to onError, which may be nil.
func FollowAcks(ctx context.Context, nc *natsgo.Conn, each func(schemas.Ack), onError func(error)) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	c, err := js.OrderedConsumer(ctx, schemas.StreamAcks, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy,
		FilterSubjects: []string{schemas.PrefixAck + ".>"}})
	if err != nil {
		return fmt.Errorf("nats: following acknowledgements in %s: %w", schemas.StreamAcks, err)
	}
	report := func(err error) {
		if onError != nil {
			onError(err)
		}
	}
	run, err := c.Consume(func(m jetstream.Msg) {
		a, err := schemas.ParseAck(m.Subject(), m.Data())
		if err != nil {
			report(err)
			return
		}
		each(*a)
	}, jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		report(fmt.Errorf("nats: following acknowledgements: %w", err))
	}))
	if err != nil {
		return fmt.Errorf("nats: following acknowledgements: %w", err)
	}
	<-ctx.Done()
	run.Stop()
	<-run.Closed()
	return nil
}
