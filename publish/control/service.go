package control

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"verdin/schemas"
)

// ServiceName is the name of the micro service on NATS: each running rollout is one
// instance of it, so that a rollout nobody runs has no responders.
const ServiceName = "verdin"

// serviceVersion is the version of the requests and answers.
const serviceVersion = "1.0.0"

// ListenOptions of a door on NATS; the zero value takes unsigned orders.
type ListenOptions struct {
	Operators *AccessFile // who may order, by key; nil = whoever NATS lets publish
	Version   string      // of the engine's program, for people
	OnError   func(error) // hears of answers that could not be sent; must not block
}

// Service answers on NATS for one rollout.
type Service struct {
	desk   *Desk
	seat   *Seat
	opt    ListenOptions
	nc     *natsgo.Conn
	svc    micro.Service
	proofs proofs
	ctx    context.Context
	cancel context.CancelFunc
}

// Listen answers for a seat's rollout until Stop.
func Listen(nc *natsgo.Conn, seat *Seat, opt ListenOptions) (*Service, error) {
	if opt.OnError == nil {
		opt.OnError = func(error) {}
	}
	s := &Service{desk: seat.desk, seat: seat, opt: opt, nc: nc}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	var err error
	s.svc, err = micro.AddService(nc, micro.Config{Name: ServiceName, Version: serviceVersion,
		Description: "verdicts of canary releases: where a rollout stands, and orders to it", QueueGroupDisabled: true,
		Metadata: map[string]string{"rollout": seat.ns + "/" + seat.name, "engine": seat.desk.engine, "engine_version": opt.Version}})
	if err != nil {
		s.cancel()
		return nil, fmt.Errorf("control of %s/%s on nats: %w", seat.ns, seat.name, err)
	}
	for _, verb := range append(Verbs(), VerbStatus) {
		err := s.svc.AddEndpoint(verb, micro.HandlerFunc(func(r micro.Request) { s.answer(verb, r) }),
			micro.WithEndpointSubject(Subject(seat.ns, seat.name, verb)), micro.WithEndpointPendingLimits(256, 4<<20))
		if err != nil {
			s.Stop()
			return nil, fmt.Errorf("control of %s/%s on nats: %w", seat.ns, seat.name, err)
		}
	}
	_ = nc.FlushTimeout(known) // a connection that is away tells the server when it is back
	return s, nil
}

// known is how long Listen and Stop wait until the server knows who listens.
const known = 200 * time.Millisecond

// Stop ends the answers.
func (s *Service) Stop() {
	s.cancel()
	if err := s.svc.Stop(); err != nil {
		s.opt.OnError(fmt.Errorf("control of %s/%s on nats: %w", s.seat.ns, s.seat.name, err))
	}
	_ = s.nc.FlushTimeout(known) // without a connection nobody asks either
}

func (s *Service) answer(verb string, r micro.Request) {
	var reply any
	refused := ""
	if verb == VerbStatus {
		st, ok := s.desk.Status(s.seat.ns, s.seat.name)
		if !ok || st.Fenced {
			return // the engine that writes the verdicts answers
		}
		reply = st
	} else {
		if st, ok := s.desk.Status(s.seat.ns, s.seat.name); ok && st.Fenced {
			return
		}
		receipt := s.order(verb, r)
		receipt.Rollout, receipt.Verb = s.seat.ns+"/"+s.seat.name, verb
		if !receipt.Accepted {
			refused = receipt.Code
		}
		reply = receipt
	}
	data, err := json.Marshal(reply)
	switch {
	case err != nil:
	case refused != "":
		err = r.Error(refused, strings.Join(strings.Fields(reply.(Receipt).Message), " "), data)
	default:
		err = r.Respond(data)
	}
	if err != nil {
		s.opt.OnError(fmt.Errorf("control of %s/%s: answer to %s: %w", s.seat.ns, s.seat.name, verb, err))
	}
}

// order takes an order from NATS.
func (s *Service) order(verb string, r micro.Request) Receipt {
	req, err := ParseRequest(r.Data())
	if err != nil {
		return Refuse(CodeBadRequest, "%v", err)
	}
	who, err := s.principal(r, req)
	if err != nil {
		return Refuse(CodeNotAllowed, "%v", err)
	}
	return s.desk.Order(s.ctx, who, s.seat.ns, s.seat.name, verb, req.Reason)
}

// principal tells who gives an order, and how sure that is.
func (s *Service) principal(r micro.Request, req Request) (Principal, error) {
	if s.opt.Operators == nil {
		return Principal{Name: claimed(req.Actor), Scope: Admin, Namespaces: []string{s.seat.ns}}, nil
	}
	access, err := s.opt.Operators.Now()
	if err != nil {
		return Principal{}, fmt.Errorf("nobody is let in while the engine cannot read its list of operators")
	}
	id, now := r.Headers().Get(schemas.HeaderKeyID), s.desk.now()
	if id == "" {
		return Principal{}, fmt.Errorf("this engine takes signed orders only: give it with verdin --nkey FILE")
	}
	who, ok := access.Key(id, now)
	if !ok {
		return who, fmt.Errorf("the engine does not know the key %.60q", id)
	}
	return who, s.proofs.check(id, r.Headers().Get(schemas.HeaderSignature), r.Subject(), r.Data(), req.At, now)
}
