package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"verdin/schemas"
)

// MaxRequest is the greatest size of a request in bytes.
const MaxRequest = 8 << 10

// Request is the payload of an order. All of it may be left out.
type Request struct {
	Reason string       `json:"reason,omitempty"`
	Actor  string       `json:"actor,omitempty"` // who says to give the order; a proven name beats it
	At     schemas.Time `json:"at,omitzero"`     // when; signed orders must say
}

// ParseRequest reads the payload of an order. An unknown member is an error: a reason
// that is misspelt would be lost.
func ParseRequest(data []byte) (r Request, err error) {
	if len(data) > MaxRequest {
		return r, fmt.Errorf("the request has %d bytes: use at most %d", len(data), MaxRequest)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return r, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Request{}, fmt.Errorf("the request is no {\"reason\": \"…\"}: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Request{}, errors.New("the request has something behind its object")
	}
	return r, nil
}

// Subject is where an order or a question goes on NATS.
func Subject(ns, rollout, verb string) string {
	return SubjectPrefix + "." + schemas.Key(ns, rollout) + "." + verb
}

// SubjectPrefix begins every subject of control.
const SubjectPrefix = "verdin.v1.ctl"

// VerbStatus asks where a rollout stands; it orders nothing.
const VerbStatus = "status"

// claimed is the principal of an order that nobody signed: NATS let its sender publish
// there, and more is not known.
func claimed(actor string) string {
	const most = 100
	actor = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '/' {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(actor, "_"))
	if actor == "" {
		return schemas.ActorUnproven + "unnamed"
	}
	if len(actor) > most {
		actor = strings.ToValidUTF8(actor[:most], "")
	}
	return schemas.ActorUnproven + actor
}
