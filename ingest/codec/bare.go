package codec

import "verdin/schemas"

// isObject recognises bare JSON: a record that begins with an object.
func isObject(r *Record) bool {
	for _, c := range r.Value {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c == '{'
		}
	}
	return false
}

// bareJSON decodes an event without an envelope. Its kind is the one that its
// "type" member names, else the default of the log. An object that has
// "specversion" is a CloudEvent in structured form, as recordings hold them.
func (d *Decoder) bareJSON() bool {
	kind := d.row.kind
	if d.again(&d.known[kind]) {
		return true
	}
	d.begin(kind)
	for {
		kind := d.row.kind
		ok := d.object(d.bare[kind])
		switch {
		case d.row.enveloped:
			return d.structured()
		case d.row.typed && d.row.named != kind:
			d.begin(d.row.named)
			continue
		case !ok:
			return false
		case !d.row.typed && !d.opt.HasDefault:
			return d.fail(schemas.RejectEventType, "no type member, and this log has no default: "+unknownType)
		}
		if !d.end() {
			return false
		}
		d.learn(&d.known[kind])
		return true
	}
}

// firstGuess is the kind that a walk begins with: the default, or without one
// the kind of the record before.
func (d *Decoder) firstGuess() schemas.Kind {
	if d.opt.HasDefault {
		return d.opt.DefaultKind
	}
	return d.row.kind
}
