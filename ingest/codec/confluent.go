package codec

import "verdin/schemas"

// isFramed recognises the wire formats of the Confluent schema registry: a
// leading byte 0 (schema id of 4 bytes) or 1 (of 16), or the id in a header.
func isFramed(r *Record) bool {
	if len(r.Value) > 0 && r.Value[0] <= 1 {
		return true
	}
	_, ok := r.header("__value_schema_id")
	return ok
}

// framed refuses the record: its schema is not in it.
func (d *Decoder) framed() bool {
	return d.fail(schemas.RejectEncoding,
		"Confluent framing, but no schema registry is configured: send JSON or CloudEvents")
}
