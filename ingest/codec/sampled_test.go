package codec_test

import (
	"strings"
	"testing"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// sampledLine is what a bare prediction decodes to, with its rate.
const sampledLine = `7 prediction row=0 ts=2026-03-01T12:00:00Z at=2026-03-01T12:00:00Z rollout=r arm=stable key="p" unit="" name= by= rev=0 gen=0 stage=-1`

// How many predictions a row stands for is said by the event or, in the extension
// attribute of CloudEvents, by its envelope; the event's word counts first.
func TestSamplingRatesInEveryForm(t *testing.T) {
	event := func(more string) string {
		return `{"prediction_id":"p","rollout":"r","arm":"stable","event_time":"2026-03-01T12:00:00Z"` + more + `}`
	}
	envelope := func(attribute, more string) codec.Record {
		return bare(`{"specversion":"1.0","id":"1","source":"/s","type":"verdin.prediction.v1"` + attribute + `,"data":` + event(more) + `}`)
	}
	header := func(rate, more string) codec.Record {
		return with(bare(event(more)), "ce_specversion", "1.0", "ce_type", "verdin.prediction.v1", "ce_id", "1", "ce_source", "/s", "ce_sampledrate", rate)
	}
	opt := codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true}
	line := func(rate string) string { return sampledLine + rate + ` error_type=""` }
	for _, c := range []struct {
		r    codec.Record
		rate string
	}{
		{bare(event("")), ""},
		{bare(event(`,"sampledrate":null`)), ""},
		{bare(event(`,"sampledrate":1`)), ""},
		{bare(event(`,"sampledrate":30`)), " rate=30"},
		{bare(event(`,"sampledrate":2147483647`)), " rate=2147483647"},
		{envelope(`,"sampledrate":30`, ""), " rate=30"},
		{envelope(`,"sampledrate":"30"`, ""), " rate=30"}, // as a bridge from headers leaves it
		{envelope(`,"sampledrate":null`, ""), ""},
		{envelope(`,"sampledrate":30`, `,"sampledrate":7`), " rate=7"},
		{header("30", ""), " rate=30"},
		{header("30", `,"sampledrate":7`), " rate=7"},
	} {
		want(t, opt, c.r, line(c.rate))
		recorded := lineOf(t, opt, c.r)
		same(t, opt, c.r, recorded)
		if strings.HasPrefix(recorded, `{"@raw"`) {
			t.Errorf("%s is kept byte for byte", c.r.Value)
		}
	}
	for _, c := range []codec.Record{
		bare(event(`,"sampledrate":0`)), bare(event(`,"sampledrate":-2`)), bare(event(`,"sampledrate":2.5`)), bare(event(`,"sampledrate":2147483648`)),
		envelope(`,"sampledrate":0`, ""), envelope(`,"sampledrate":"many"`, ""), envelope(`,"sampledrate":""`, ""), header("-3", ""), header("99999999999999999999", ""),
	} {
		if got := dump(decode(opt, c)); !strings.Contains(got, "rejected "+schemas.RejectNumber) || !strings.Contains(got, "sampledrate: want a whole number in its range") {
			t.Errorf("%s %v: %s", c.Value, c.Headers, got)
		}
	}
	if got := dump(decode(opt, bare(event(`,"sampledrate":"30"`)))); !strings.Contains(got, schemas.RejectType) {
		t.Errorf("a text in the event: %s", got)
	}
}

// Events in the contract's own Avro schema that were written before the schema had the
// member are read as ever: what it gained stands at its end.
func TestAvroFromBeforeAMemberWasAdded(t *testing.T) {
	headers := []string{"ce_specversion", "1.0", "ce_type", "verdin.prediction.v1", "content-type", "application/avro"}
	value := read(t, "prediction.avro.bin")[5:]
	older := value[:len(value)-2] // a union's index and 30
	before := strings.Replace(goldenRows["prediction"], " rate=30", "", 1)
	want(t, codec.Options{NoFuture: true}, with(bare(string(older)), headers...), before)
	cut := dump(decode(codec.Options{NoFuture: true}, with(bare(string(older[:len(older)-1])), headers...)))
	if !strings.Contains(cut, "rejected "+schemas.RejectSyntax) {
		t.Errorf("cut within a member that was always there: %s", cut)
	}
}
