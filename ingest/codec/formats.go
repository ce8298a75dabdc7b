package codec

import "verdin/schemas"

// formats are the encodings of a record, in the order in which they are tried:
// the first that recognises the record decodes it. Adding one is a file and a row.
var formats = []struct {
	name   string
	is     func(*Record) bool
	decode func(*Decoder) bool
}{
	{"CloudEvents, structured", isStructured, (*Decoder).structured},
	{"CloudEvents, binary", isBinary, (*Decoder).binary},
	{"Confluent schema registry", isFramed, (*Decoder).framed},
	{"bare JSON", isObject, (*Decoder).bareJSON},
}

// decode walks over the record in its format. It returns false if the record is
// refused, with the reason.
func (d *Decoder) decode() bool {
	d.begin(d.firstGuess())
	if len(d.in.Value) > maxRecord {
		return d.fail(schemas.RejectSize, "a record above 256 KiB")
	}
	for i := range formats {
		if formats[i].is(&d.in) {
			return formats[i].decode(d)
		}
	}
	if len(d.in.Value) == 0 {
		return d.fail(schemas.RejectEncoding, "an empty record")
	}
	return d.fail(schemas.RejectEncoding, "want a JSON object or a CloudEvent")
}

// kindNamed returns the kind of an event type.
func kindNamed(b []byte) (schemas.Kind, bool) {
	switch string(b) {
	case "prediction", schemas.TypePrediction:
		return schemas.KindPrediction, true
	case "outcome", schemas.TypeOutcome:
		return schemas.KindOutcome, true
	case "resource", schemas.TypeResource:
		return schemas.KindResource, true
	}
	return 0, false
}

// KindNamed returns the kind of an event type, long or short.
func KindNamed(name string) (schemas.Kind, bool) { return kindNamed([]byte(name)) }

const unknownType = "want verdin.prediction.v1, verdin.outcome.v1 or verdin.resource.v1"

// takeType reads the member that names the kind. If the walk has taken the event
// for another kind, it ends here and starts again.
func (d *Decoder) takeType(b []byte) bool {
	k, ok := kindNamed(b)
	if !ok {
		return d.fail(schemas.RejectEventType, "type: "+unknownType)
	}
	d.row.named, d.row.typed = k, true
	return k == d.row.kind
}
