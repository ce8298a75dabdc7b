package schemas

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the prediction as bare JSON.
func (p *Prediction) AppendJSON(dst []byte) []byte { return p.append(open(dst, "")) }

// AppendLine appends the prediction as a line of a recording.
func (p *Prediction) AppendLine(dst []byte) []byte {
	return append(p.append(open(dst, "prediction")), '\n')
}

// AppendJSON appends the outcome as bare JSON.
func (o *Outcome) AppendJSON(dst []byte) []byte { return o.append(open(dst, "")) }

// AppendLine appends the outcome as a line of a recording.
func (o *Outcome) AppendLine(dst []byte) []byte {
	return append(o.append(open(dst, "outcome")), '\n')
}

// AppendJSON appends the reading as bare JSON.
func (r *Resource) AppendJSON(dst []byte) []byte { return r.append(open(dst, "")) }

// AppendLine appends the reading as a line of a recording.
func (r *Resource) AppendLine(dst []byte) []byte {
	return append(r.append(open(dst, "resource")), '\n')
}

func (p *Prediction) append(w writer) []byte {
	w.text("prediction_id", p.PredictionID)
	w.text("rollout", p.Rollout)
	w.text("arm", p.Arm)
	w.time("event_time", p.EventTime)
	w.optional("unit_id", p.UnitID)
	w.optional("model_version", p.ModelVersion)
	w.value("latency_seconds", p.LatencySeconds)
	w.value("ttft_seconds", p.TTFTSeconds)
	w.integer("status_code", int64(p.StatusCode))
	w.optional("error_type", p.ErrorType)
	w.value("prediction_label", p.PredictionLabel)
	w.value("prediction_score", p.PredictionScore)
	w.value("prediction_value", p.PredictionValue)
	w.members("scores", p.Scores)
	w.items(p.Items)
	w.members("features", p.Features)
	w.members("metrics", p.Metrics)
	w.evaluations(p.Evaluations)
	w.members("tags", p.Tags)
	w.integer("generation", int64(p.Generation))
	w.value("stage", p.Stage)
	w.integer("sampledrate", int64(p.SampledRate))
	return append(w.b, '}')
}

func (o *Outcome) append(w writer) []byte {
	w.optional("prediction_id", o.PredictionID)
	w.optional("unit_id", o.UnitID)
	w.text("name", o.Name)
	w.value("value", o.Value)
	w.value("label", o.Label)
	w.time("event_time", o.EventTime)
	w.integer("revision", int64(o.Revision))
	if o.Final {
		w.value("final", Bool(true))
	}
	w.optional("rollout", o.Rollout)
	w.optional("arm", o.Arm)
	w.optional("unit", o.Unit)
	w.optional("annotator_kind", o.AnnotatorKind)
	w.optional("identifier", o.Identifier)
	return append(w.b, '}')
}

func (r *Resource) append(w writer) []byte {
	w.text("rollout", r.Rollout)
	w.text("arm", r.Arm)
	w.text("instance", r.Instance)
	w.time("event_time", r.EventTime)
	w.value("cpu_cores", r.CPUCores)
	w.value("memory_bytes", r.MemoryBytes)
	w.value("gpu_utilization_ratio", r.GPUUtilizationRatio)
	w.value("requests", r.Requests)
	w.members("metrics", r.Metrics)
	return append(w.b, '}')
}

// writer appends the members of one object.
type writer struct {
	b     []byte
	first bool // no member yet
}

func open(dst []byte, kind string) writer {
	w := writer{append(dst, '{'), true}
	w.optional("type", kind)
	return w
}

// name starts a member. Names are the contract's own and need no escapes.
func (w *writer) name(name string) {
	if !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
	w.b = append(w.b, '"')
	w.b = append(w.b, name...)
	w.b = append(w.b, '"', ':')
}

func (w *writer) text(name, s string) { w.name(name); w.b = appendText(w.b, s) }

func (w *writer) optional(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

func (w *writer) integer(name string, n int64) {
	if n != 0 {
		w.name(name)
		w.b = strconv.AppendInt(w.b, n, 10)
	}
}

func (w *writer) time(name string, t time.Time) {
	if !t.IsZero() {
		w.name(name)
		w.b = append(w.b, '"')
		w.b = t.UTC().AppendFormat(w.b, time.RFC3339Nano)
		w.b = append(w.b, '"')
	}
}

func (w *writer) value(name string, v Value) {
	if v.Kind != Absent {
		w.name(name)
		w.b = appendValue(w.b, v)
	}
}

func (w *writer) members(name string, m Members) {
	if len(m) > 0 {
		w.name(name)
		w.b = appendMembers(w.b, m)
	}
}

func (w *writer) items(items []Item) {
	for i, it := range items {
		w.element("items", i)
		e := writer{append(w.b, '{'), true}
		e.text("item_id", it.ItemID)
		e.value("score", it.Score)
		w.b = append(e.b, '}')
	}
	w.end(len(items))
}

func (w *writer) evaluations(evs []Evaluation) {
	for i, ev := range evs {
		w.element("evaluations", i)
		e := writer{append(w.b, '{'), true}
		e.text("name", ev.Name)
		e.value("score", ev.Score)
		e.value("label", ev.Label)
		e.optional("annotator_kind", ev.AnnotatorKind)
		e.optional("identifier", ev.Identifier)
		w.b = append(e.b, '}')
	}
	w.end(len(evs))
}

// element starts element i of an array member; end closes an array of n elements.
func (w *writer) element(name string, i int) {
	if i > 0 {
		w.b = append(w.b, ',')
		return
	}
	w.name(name)
	w.b = append(w.b, '[')
}

func (w *writer) end(n int) {
	if n > 0 {
		w.b = append(w.b, ']')
	}
}

func appendMembers(dst []byte, m Members) []byte {
	dst = append(dst, '{')
	for i, f := range m {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, f.Name), ':')
		dst = appendValue(dst, f.Value)
	}
	return append(dst, '}')
}

func appendValue(dst []byte, v Value) []byte {
	switch {
	case v.Kind == Number && isFinite(v.Num):
		return appendNumber(dst, v.Num)
	case v.Kind == String:
		return appendText(dst, v.Text)
	case v.Kind == True:
		return append(dst, "true"...)
	case v.Kind == False:
		return append(dst, "false"...)
	}
	return append(dst, "null"...)
}

// appendNumber writes the shortest decimal that reads back as x.
func appendNumber(dst []byte, x float64) []byte {
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.AppendFloat(dst, x, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, x, 'f', -1, 64)
}

const hexDigits = "0123456789abcdef"

// appendText writes s as a JSON string; bytes that are not UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		switch {
		case c >= utf8.RuneSelf:
			dst = append(dst, "\ufffd"...)
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i += size
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}
