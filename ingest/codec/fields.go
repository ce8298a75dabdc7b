package codec

import (
	"strings"

	"verdin/schemas"
)

// types is a set of JSON types: bit 1<<ValueKind for scalars, and two more.
type types uint16

const (
	null   types = 1 << schemas.Null
	number types = 1 << schemas.Number
	text   types = 1 << schemas.String
	truth  types = 1<<schemas.True | 1<<schemas.False
	record types = 1 << 8 // an object
	array  types = 1 << 9

	scalar   = null | number | text | truth
	anything = scalar | record | array
)

var typeNames = []struct {
	types
	name string
}{{number, "a number"}, {text, "a string"}, {truth, "true or false"}, {record, "an object"}, {array, "an array"}, {null, "null"}}

func (t types) String() string {
	var names []string
	for _, n := range typeNames {
		if t&n.types != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, " or ")
}

// target says where a value goes besides its column.
type target uint8

const (
	toNothing target = iota

	toRollout // ids: these index row.text
	toArm
	toKey
	toUnit
	toName
	toIdentifier
	toSubject
	ids

	toTime // of the event
	toRevision
	toGeneration
	toStage
	toRate
	toMembers     // an object of scalars, with a shape of its own
	toEvaluations // an array of objects

	toEvaluationName
	toEvaluationScore
	toEvaluationLabel

	toType // the envelope's
	toVersion
	toEnvelopeTime
	toEnvelopeRate
	toData
	toBase64

	toPosition // the recorder's
	toArrival
	toTopic
	toPartition
	toOffset
)

// meaning is what the contract says of a member.
type meaning struct {
	path string // as rejections name it: of the contract or the layout, never of a record
	want types
	to   target
	col  int    // column of the row's kind, -1 = not stored
	in   *shape // of the members inside, for toMembers

	optional bool // null is how the writer's schema leaves the member out
}

// skipped is the meaning of members that the contract does not know.
var skipped = meaning{want: anything, col: -1}

// field is a member of the contract.
type field struct {
	name string
	meaning
}

func f(name string, want types, to target) field {
	return field{name, meaning{path: name, want: want, to: to, col: -1}}
}

// fields are the members of the events, by kind. All of them may be null, which
// means absent; required.go says which must be there.
var fields = [schemas.Kinds][]field{
	schemas.KindPrediction: {
		f("prediction_id", text|null, toKey),
		f("rollout", text|null, toRollout),
		f("arm", text|null, toArm),
		f("event_time", text|number|null, toTime),
		f("unit_id", text|null, toUnit),
		f("model_version", text|null, toNothing),
		f("latency_seconds", number|null, toNothing),
		f("ttft_seconds", number|null, toNothing),
		f("status_code", number|null, toNothing),
		f("error_type", text|null, toNothing),
		f("prediction_label", text|null, toNothing),
		f("prediction_score", number|null, toNothing),
		f("prediction_value", number|null, toNothing),
		f("scores", record|null, toMembers),
		f("items", array|null, toNothing),
		f("features", record|null, toMembers),
		f("metrics", record|null, toMembers),
		f("evaluations", array|null, toEvaluations),
		f("tags", record|null, toMembers),
		f("stage", number|null, toStage),
		f("generation", number|null, toGeneration),
		f("sampledrate", number|null, toRate),
	},
	schemas.KindOutcome: {
		f("prediction_id", text|null, toKey),
		f("unit_id", text|null, toUnit),
		f("name", text|null, toName),
		f("value", number|truth|null, toNothing),
		f("label", text|null, toNothing),
		f("event_time", text|number|null, toTime),
		f("revision", number|null, toRevision),
		f("final", truth|null, toNothing),
		f("rollout", text|null, toRollout),
		f("arm", text|null, toArm),
		f("unit", text|null, toNothing),
		f("annotator_kind", text|null, toNothing),
		f("identifier", text|null, toIdentifier),
	},
	schemas.KindResource: {
		f("rollout", text|null, toRollout),
		f("arm", text|null, toArm),
		f("instance", text|null, toKey),
		f("event_time", text|number|null, toTime),
		f("cpu_cores", number|null, toNothing),
		f("memory_bytes", number|null, toNothing),
		f("gpu_utilization_ratio", number|null, toNothing),
		f("requests", number|null, toNothing),
		f("metrics", record|null, toMembers),
	},
}

// containers are the objects of scalars: what their members may be, and what
// those may be that the layout does not name. A feature that nobody watches may
// be anything, an embedding for example.
var containers = []struct {
	name       string
	want, rest types
}{
	{"features", scalar, anything},
	{"metrics", number | null, number | null},
	{"scores", number | null, number | null},
	{"tags", text | null, text | null},
}

var (
	bareFields     = []field{f("type", text, toType), f("specversion", text, toVersion)}
	envelopeFields = []field{
		f("specversion", text, toVersion), f("type", text, toType), f("time", text|null, toEnvelopeTime),
		f("subject", text|null, toSubject), f("sampledrate", number|text|null, toEnvelopeRate), f("data", record, toData), f("data_base64", text|null, toBase64),
	}
	recordingFields = []field{f("@pos", record, toPosition), f("@at", text|number, toArrival)}
	positionFields  = under("@pos", f("topic", text, toTopic), f("partition", number, toPartition), f("offset", number, toOffset))
	evaluateFields  = under("evaluations",
		f("name", text, toEvaluationName), f("score", number|null, toEvaluationScore), f("label", text|null, toEvaluationLabel))
)

// under lets rejections name the object that the fields stand in.
func under(object string, list ...field) []field {
	for i := range list {
		list[i].path = object + "." + list[i].name
	}
	return list
}

// eventFields are the fields of kind k with the columns that the layout gives
// them. A path of the layout that the contract does not know is a member of the
// event itself, and any scalar.
func eventFields(l *schemas.Layout, k schemas.Kind) []field {
	var list []field
	for _, fd := range fields[k] {
		fd.col = l.Column(k, fd.name)
		for _, c := range containers {
			if fd.to == toMembers && fd.name == c.name {
				rest := meaning{path: c.name, want: c.rest, col: -1}
				fd.in = newShape(rest, within(l, k, c.name+".", c.want)...)
			}
		}
		list = append(list, fd)
	}
	for col, path := range l.Fields[k] {
		if !strings.Contains(path, ".") && !has(list, path) {
			list = append(list, field{path, meaning{path: path, want: scalar, col: col}})
		}
	}
	return list
}

// within are the paths of the layout that begin with prefix.
func within(l *schemas.Layout, k schemas.Kind, prefix string, want types) []field {
	var list []field
	for col, path := range l.Fields[k] {
		if name, ok := strings.CutPrefix(path, prefix); ok {
			list = append(list, field{name, meaning{path: path, want: want, col: col}})
		}
	}
	return list
}

func has(list []field, name string) bool {
	for _, fd := range list {
		if fd.name == name {
			return true
		}
	}
	return false
}
