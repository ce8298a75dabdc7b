package codec

import "verdin/schemas"

// required says which ids an event must have, by kind. An outcome needs one of
// prediction_id and unit_id besides.
var required = [schemas.Kinds][]struct {
	id   target
	path string
}{
	schemas.KindPrediction: {{toKey, "prediction_id"}, {toRollout, "rollout"}, {toArm, "arm"}},
	schemas.KindOutcome:    {{toName, "name"}},
	schemas.KindResource:   {{toRollout, "rollout"}, {toArm, "arm"}, {toKey, "instance"}},
}

// finish completes the event with what stands outside of it, and checks what
// can only be checked at the end.
func (d *Decoder) finish() bool {
	r := &d.row
	if d.opt.Kinds != 0 && d.opt.Kinds&(1<<r.kind) == 0 {
		return d.refuse(schemas.RejectKind, "an event of kind "+r.kind.String()+", which this log does not carry")
	}
	if d.complaint != "" {
		return d.refuse(d.complaint, d.complaintDetail)
	}
	if r.text[toRollout].Len == 0 && (r.kind != schemas.KindOutcome || r.text[toArm].Len > 0) {
		r.text[toRollout] = r.text[toSubject] // the subject of an outcome to be joined may be anything
	}
	for _, q := range required[r.kind] {
		if r.text[q.id].Len == 0 {
			return d.refuse(schemas.RejectMissing, q.path)
		}
	}
	if r.kind == schemas.KindOutcome && r.text[toKey].Len == 0 && r.text[toUnit].Len == 0 {
		return d.refuse(schemas.RejectMissing, "prediction_id or unit_id")
	}
	if !d.isRollout(r.text[toRollout]) {
		return d.refuse(schemas.RejectName, "rollout: want name or namespace/name, each a DNS-1123 label")
	}
	if d.errorType >= 0 && r.kind == schemas.KindPrediction && r.kindOf(d.errorType) < schemas.Number {
		r.set(d.errorType, schemas.Cell{Kind: schemas.String}) // absent or null is no error
	}
	return d.settleTimes()
}

// settleTimes finds the event time, the arrival bound, and events of the future.
func (d *Decoder) settleTimes() bool {
	r := &d.row
	if r.ts == schemas.Unknown {
		r.ts = r.sent
	}
	if r.ts == schemas.Unknown && d.in.Timestamp > 0 {
		r.ts = d.in.Timestamp
	}
	if r.ts == schemas.Unknown {
		return d.refuse(schemas.RejectNoEventTime, "no event_time, no time of the envelope, no timestamp of the record")
	}
	if !d.opt.Recording {
		r.at = d.in.At
	} else if r.at == schemas.Unknown {
		r.at = r.ts
	}
	if !d.opt.NoFuture && r.ts > r.at.Add(maxAhead) {
		return d.refuse(schemas.RejectFuture, "event_time is more than 60 s after the arrival")
	}
	return true
}

// refuse records why an event is refused that is good JSON.
func (d *Decoder) refuse(reason, what string) bool {
	d.reason, d.detail = reason, what
	return false
}

// isRollout tells whether a text names a rollout, or none. One that the row before has
// was found good.
func (d *Decoder) isRollout(t schemas.Text) bool {
	if n := len(d.chunk.Rollout); n > 0 && d.chunk.Rollout[n-1] == t {
		return true
	}
	return t.Len == 0 || isRollout(d.chunk.Bytes(t))
}

// isRollout tells whether b is "name" or "namespace/name", each a DNS-1123 label.
func isRollout(b []byte) bool {
	for i, c := range b {
		if c == '/' {
			return isLabel(b[:i]) && isLabel(b[i+1:])
		}
	}
	return isLabel(b)
}

// isLabel tells whether b is a DNS-1123 label (RFC 1123 §2.1, lower case).
func isLabel(b []byte) bool {
	if len(b) == 0 || len(b) > 63 || b[0] == '-' || b[len(b)-1] == '-' {
		return false
	}
	for _, c := range b {
		if !(c >= 'a' && c <= 'z' || isDigit(c) || c == '-') {
			return false
		}
	}
	return true
}
