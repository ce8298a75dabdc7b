package engine_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/schemas"
)

// P4: one log's rows over one shard or over several, each prediction with its
// outcomes, give the same evidence once merged, to the bit.
func TestSplittingALogOverShardsChangesNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	var predictions, outcomes []record
	for i := range seconds * 40 {
		predictions, outcomes = draw(rng, fmt.Sprint(i), float64(i)/40, predictions, outcomes)
	}
	whole := [][2][]record{{predictions, inOrder(outcomes)}}
	want := merged(t, whole)
	for _, n := range []int{2, 5} {
		parts := make([][2][]record, n)
		for i, log := range whole[0] {
			for _, r := range log {
				var ev struct {
					ID string `json:"prediction_id"`
				}
				if err := json.Unmarshal(r.value, &ev); err != nil {
					t.Fatal(err)
				}
				k := int(crc32.ChecksumIEEE([]byte(ev.ID))) % n
				parts[k][i] = append(parts[k][i], r)
			}
		}
		got := merged(t, parts)
		if len(got) != len(want) {
			t.Fatalf("%d shards: %d looks, one shard %d", n, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%d shards, window %d:\n%s\none shard:\n%s", n, i, got[i], want[i])
			}
		}
	}
}

// inOrder sorts records by event time.
func inOrder(rs []record) []record {
	keys := make([]float64, len(rs))
	for i := range rs {
		keys[i] = float64(rs[i].ts)
	}
	out := make([]record, len(rs))
	for i, k := range order(keys) {
		out[i] = rs[k]
	}
	return out
}

// merged cuts once per window, when every log has passed it by half a minute, and
// returns the evidence of every cut.
func merged(t *testing.T, shards [][2][]record) (looks []string) {
	spec := lawSpec(t)
	layout := engine.Layout(spec)
	logs := make([][]schemas.Log, len(shards))
	decoders := make([][2]*codec.Decoder, len(shards))
	read := make([][2]int, len(shards))
	for s := range shards {
		for g, k := range []schemas.Kind{schemas.KindPrediction, schemas.KindOutcome} {
			logs[s] = append(logs[s], schemas.Log{Topic: k.String(), Partition: int32(s), Kinds: 1 << k})
			decoders[s][g] = codec.New(layout, codec.Options{HasDefault: true, DefaultKind: k})
		}
	}
	e := engine.New(logs)
	if err := e.Start(spec, layout, decision.Head{}, 0); err != nil {
		t.Fatal(err)
	}
	var chunk schemas.Chunk
	var applied []decision.Applied
	for wall := schemas.Time(0); wall <= at(seconds+80); wall = wall.Add(10 * time.Second) {
		for s := range shards {
			for g, log := range shards[s] {
				chunk.Reset(g, layout)
				for ; read[s][g] < len(log) && log[read[s][g]].ts < wall; read[s][g]++ {
					decoders[s][g].Append(&chunk, codec.Record{Offset: int64(read[s][g]), At: wall, Value: log[read[s][g]].value})
				}
				for row := 0; row < chunk.Len(); {
					row = e.Feed(s, &chunk, row)
				}
				if read[s][g] == len(log) {
					e.End(s, g)
				}
			}
		}
		in := engine.CutInput{Cut: decision.Cut{Wall: wall, Due: wall}, Upto: wall.Add(-30 * time.Second),
			Applied: map[string][]decision.Applied{"default/law": applied}}
		applied = nil
		for _, o := range e.Cut(in) {
			if v := o.Verdict; v != nil {
				applied = append(applied, decision.Applied{Generation: v.Generation, Sequence: v.Sequence, At: wall})
			}
			b, err := json.Marshal(o.Evidence)
			if err != nil {
				t.Fatal(err)
			}
			looks = append(looks, fmt.Sprintf("%d windows: %s", o.Windows, b))
		}
	}
	for _, ev := range e.Cut(engine.CutInput{Cut: decision.Cut{Wall: at(seconds + 90)}, Upto: schemas.Never})[0].Evidence {
		if ev.Blocks < 20 && ev.Test != "sample_ratio" && ev.Test != "holdback" { // nothing is promoted here
			t.Errorf("%s has scored %d blocks only: the law is about little: %+v", ev.Name, ev.Blocks, ev.Skipped)
		}
	}
	return looks
}
