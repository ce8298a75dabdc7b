package scenario

import (
	"encoding/binary"
	"encoding/hex"

	"verdin/schemas"
)

var (
	arms     = [2]string{"stable", "canary"}
	versions = [2]string{"assistant-v41", "assistant-v42"}
)

func index(canary bool) int {
	if canary {
		return 1
	}
	return 0
}

// Positions among the features and metrics of a prediction.
const (
	age = iota
	basketValue
	sessionLength
	country
	device
)

// prepare makes the events that are filled in again and again.
func (g *Generator) prepare() {
	g.prediction = schemas.Prediction{
		Rollout: Rollout,
		Features: schemas.Members{
			age:           {Name: "age"},
			basketValue:   {Name: "basket_value"},
			sessionLength: {Name: "session_length"},
			country:       {Name: "country"},
			device:        {Name: "device"},
		},
		Metrics: schemas.Members{{Name: "tokens"}},
	}
	g.resource.Rollout = Rollout
}

// answered emits the prediction.
func (g *Generator) answered(id string, canary bool, a *answer) {
	p, u := &g.prediction, &g.users[rank(g.next.visitor, len(g.users))]
	arm := index(canary)
	p.PredictionID, p.Arm, p.ModelVersion, p.EventTime, p.UnitID = id, arms[arm], versions[arm], g.at.Std(), u.id
	p.LatencySeconds = schemas.Num(a.latency)
	p.ErrorType = a.failure
	p.Features[age].Value = schemas.Value{Kind: schemas.Null}
	if u.age > 0 {
		p.Features[age].Value = schemas.Num(u.age)
	}
	p.Features[basketValue].Value = schemas.Num(a.logged)
	p.Features[sessionLength].Value = schemas.Num(float64(int(240 * g.next.session)))
	p.Features[country].Value = schemas.Str(u.country)
	p.Features[device].Value = schemas.Str(u.device)
	p.Generation = g.split.Generation
	p.Stage = schemas.Value{}
	if g.split.Stage >= 0 {
		p.Stage = schemas.Num(float64(g.split.Stage))
	}
	g.judged(a)
	g.send(Predictions, id, g.at, p)
}

// judged fills in what only a successful answer has.
func (g *Generator) judged(a *answer) {
	p := &g.prediction
	switch a.failure {
	case "":
		p.StatusCode = 200
	case "timeout":
		p.StatusCode = 504
	default:
		p.StatusCode = 502
	}
	if a.failure != "" {
		p.PredictionLabel, p.PredictionScore, p.Metrics = schemas.Value{}, schemas.Value{}, p.Metrics[:0]
		return
	}
	p.PredictionLabel = schemas.Str("browses")
	if a.buys {
		p.PredictionLabel = schemas.Str("buys")
	}
	p.PredictionScore = schemas.Num(a.score)
	p.Metrics = p.Metrics[:1]
	p.Metrics[0].Value = schemas.Num(a.tokens)
}

// known emits an outcome.
func (g *Generator) known(p pending) {
	o := &g.outcome
	o.PredictionID, o.Arm, o.Name, o.Value, o.EventTime = p.id, p.arm, p.name, schemas.Num(p.value), p.due.Std()
	g.send(Outcomes, p.id, p.due, o)
}

// send emits an event to the partition of its prediction.
func (g *Generator) send(topic, id string, ts schemas.Time, ev schemas.Event) {
	g.key = append(g.key[:0], id...)
	g.record(topic, int32(hash(g.key)%uint32(g.sc.Partitions)), ts, ev)
}

// record emits an event under the key in g.key, unless it lies before the tick.
func (g *Generator) record(topic string, partition int32, ts schemas.Time, ev schemas.Event) {
	if ts < g.from {
		return
	}
	if g.Typed {
		g.value = ev.AppendLine(g.value[:0])
		g.value = g.value[:len(g.value)-1]
	} else {
		g.value = ev.AppendJSON(g.value[:0])
	}
	g.emit(topic, partition, g.key, ts, g.value)
}

// appendID appends the UUID (version 4, variant 1) with the given random bits.
func appendID(dst []byte, bits [2]uint64) []byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], bits[0])
	binary.BigEndian.PutUint64(b[8:], bits[1])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	dst = append(hex.AppendEncode(dst, b[:4]), '-')
	dst = append(hex.AppendEncode(dst, b[4:6]), '-')
	dst = append(hex.AppendEncode(dst, b[6:8]), '-')
	dst = append(hex.AppendEncode(dst, b[8:10]), '-')
	return hex.AppendEncode(dst, b[10:])
}

// hash is FNV-1a, folded so that its low bits depend on all of the key.
func hash(key []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range key {
		h = (h ^ uint32(c)) * 16777619
	}
	return h ^ h>>16
}
