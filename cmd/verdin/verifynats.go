package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	verdictlog "verdin/publish/log"
	"verdin/publish/nats"
	"verdin/schemas"
)

const askWriter = "find out who may write to the bucket: routers pass it over, and so do engines that have trusted keys"

// readNATS reads the audit stream and checks who signed.
func (v *verification) readNATS(ctx context.Context, take func(verdict *schemas.Verdict, payload []byte, key string) error) error {
	trust, err := nats.NewTrust(v.keys)
	if err != nil {
		return usage(err)
	}
	nc, err := nats.Connect(v.nats, func(error) {})
	if err != nil {
		return err
	}
	defer nc.Close()
	return nats.ReadAudit(ctx, nc, v.rollout, func(a nats.Audited) error {
		verdict, err := audited(a, trust)
		if err != nil {
			return &verdictlog.Break{ID: fmt.Sprintf("message %d of %s on %s", a.Seq, schemas.StreamAudit, a.Subject), What: err.Error(), Remedy: askWriter}
		}
		return take(verdict, a.Payload, a.Header.Get(schemas.HeaderKeyID))
	})
}

// audited is the verdict in a message of the audit stream.
func audited(a nats.Audited, trust nats.Trust) (*schemas.Verdict, error) {
	ns, rollout, ok := strings.Cut(strings.TrimPrefix(a.Subject, schemas.PrefixAudit+"."), ".")
	switch {
	case !ok:
		return nil, errors.New("the subject names no rollout")
	case len(a.Payload) == 0:
		return nil, errors.New("somebody deleted the key of the rollout")
	}
	if err := trust.Verdict(a.Header, ns, rollout, a.Payload); err != nil {
		return nil, err
	}
	v, err := schemas.ParseVerdict(a.Payload)
	if err == nil && (v.Namespace != ns || v.Rollout != rollout) {
		err = fmt.Errorf("it is for %s/%s", v.Namespace, v.Rollout)
	}
	return v, err
}
