package pump

import (
	"context"
	"testing"
	"testing/synctest"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// slow is a registry that answers when it is told to.
type slow struct {
	known map[codec.SchemaID]*codec.Schema
	asked int
	tell  chan *codec.Schema
}

// serve gives a reader of a bubble the registry.
func (s *slow) serve(r *Reader) {
	s.tell = make(chan *codec.Schema)
	r.Schemas = s
}

func (s *slow) Schema(id codec.SchemaID) (*codec.Schema, bool) {
	schema, ok := s.known[id]
	return schema, ok
}

func (s *slow) Fetch(ctx context.Context, id codec.SchemaID) error {
	s.asked++
	select {
	case schema := <-s.tell:
		s.known[id] = schema
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// framedOutcome is an outcome of prediction a in Avro, under the schema with number 7.
var framedOutcome = []byte("\x00\x00\x00\x00\x07\x02a\x02n")

var outcomeSchema = &codec.Schema{Format: codec.FormatAvro, Text: `{"type":"record","name":"Outcome","fields":[
	{"name":"prediction_id","type":"string"},{"name":"name","type":"string"}]}`}

// While a registry does not answer, the log that needs it stands still and loses
// nothing; the others go on. Once the registry answers, everything is there in order.
func TestALogWaitsForItsSchemaAlone(t *testing.T) {
	known := &slow{known: map[codec.SchemaID]*codec.Schema{}}
	readInBubble(t, func(t *testing.T, r *reading) {
		plain := (&schemas.Outcome{PredictionID: "a", Name: "m", Value: schemas.Num(1)}).AppendJSON(nil)
		r.in <- run("o", 3, plain, framedOutcome, plain)
		r.in <- run("o", 6, framedOutcome)
		synctest.Wait()
		select {
		case b := <-r.out:
			t.Fatalf("a batch of %d rows although a schema is not known", b.Chunk.Len())
		default:
		}
		r.in <- run("p", 1, good("a"))
		if b := <-r.out; b.Log != 0 || b.Chunk.Len() != 1 {
			t.Errorf("log %d, %d rows: want the predictions to go on", b.Log, b.Chunk.Len())
		}
		known.tell <- outcomeSchema
		for _, want := range []struct {
			first, next int64
			rows        int
		}{{3, 6, 3}, {6, 7, 1}} {
			b := <-r.out
			if b.First != want.first || b.Chunk.Next != want.next || b.Chunk.Len() != want.rows || len(b.Chunk.Rejected) != 0 {
				t.Errorf("from %d to %d: %d rows, rejected %v; want %+v", b.First, b.Chunk.Next, b.Chunk.Len(), b.Chunk.Rejected, want)
			}
		}
		if known.asked != 1 || len(r.rejected) != 0 {
			t.Errorf("asked %d times, rejected %v", known.asked, r.rejected)
		}
	}, known.serve)
}

// An id that the registry does not have is quarantined by name, and reading goes on.
func TestAnUnknownSchemaIsQuarantined(t *testing.T) {
	known := &slow{known: map[codec.SchemaID]*codec.Schema{{Number: 7}: nil}}
	readInBubble(t, func(t *testing.T, r *reading) {
		r.in <- run("o", 3, framedOutcome)
		b := <-r.out
		if b.Chunk.Next != 4 || len(r.rejected) != 1 || r.rejected[0].Reason != schemas.RejectSchema || r.rejected[0].Offset != 3 {
			t.Errorf("next %d, rejected %+v", b.Chunk.Next, r.rejected)
		}
	}, known.serve)
}

func TestAReaderThatWaitsForASchemaEnds(t *testing.T) {
	known := &slow{known: map[codec.SchemaID]*codec.Schema{}}
	readInBubble(t, func(t *testing.T, r *reading) {
		r.in <- run("o", 3, framedOutcome)
		synctest.Wait()
		r.stop()
		<-r.gone
	}, known.serve)
}
