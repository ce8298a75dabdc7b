package codec_test

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// seed adds every text of the rejection table and the golden events.
func seed(f *testing.F, add func(value []byte)) {
	for _, tc := range rejections {
		if len(tc.value) < 1<<12 {
			add([]byte(tc.value))
		}
	}
	for _, kind := range []string{"prediction", "outcome", "resource"} {
		add(read(f, kind+".json"))
		add(read(f, kind+".structured.json"))
	}
}

// FuzzSyntax: what the walk calls good JSON is good JSON for an independent
// strict reader, and what it refuses as bad JSON is bad.
func FuzzSyntax(f *testing.F) {
	seed(f, func(v []byte) { f.Add(v) })
	for _, v := range []string{`1e5`, `-0`, `"\ud83d\ude00"`, `[[],{}]`, `1,"y":{"a":1}`, `"\u0000"`, " \t\r\n1"} {
		f.Add([]byte(v))
	}
	d, c := codec.New(layout, codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true}), new(schemas.Chunk)
	f.Fuzz(func(t *testing.T, v []byte) {
		member := []byte(`{"type":"prediction",` + prediction + `,"x":` + string(v) + `}`)
		for _, text := range [][]byte{v, member} {
			c.Reset(0, layout)
			d.Append(c, bare(string(text)))
			valid := jsontext.Value(text).IsValid()
			if c.Len() == 1 {
				if !valid {
					t.Fatalf("accepted %q", text)
				}
				continue
			}
			switch reason := c.Rejected[0].Reason; reason {
			case schemas.RejectSyntax, schemas.RejectUTF8, schemas.RejectDuplicate:
				if valid {
					t.Fatalf("%q refused as %s: %s", text, reason, c.Rejected[0].Detail)
				}
			case schemas.RejectMissing, schemas.RejectType, schemas.RejectName, schemas.RejectTime, schemas.RejectNoEventTime:
				if !valid {
					t.Fatalf("%q is not JSON, but refused as %s: %s", text, reason, c.Rejected[0].Detail)
				}
			}
		}
	})
}

// FuzzValues: numbers and texts are those that an independent reader sees.
func FuzzValues(f *testing.F) {
	for _, v := range [][2]string{
		{`"a"`, `1`}, {`"\u00e9\ud83d\ude00\n"`, `-0.0`}, {`"abcdefgh\"ijk"`, `9007199254740993`}, {`""`, `1e-400`},
		{`"ö"`, `123456789012345.678901`}, {`"\\\/"`, `0.1234567890123456789e3`}, {`null`, `1E+2`}, {`"x"`, `1e15`}, {`"x"`, `1e22`},
	} {
		f.Add(v[0], v[1])
	}
	label := layout.Column(schemas.KindPrediction, "prediction_label")
	score := layout.Column(schemas.KindPrediction, "prediction_score")
	d, c := codec.New(layout, codec.Options{}), new(schemas.Chunk)
	f.Fuzz(func(t *testing.T, text, number string) {
		event := []byte(`{"type":"prediction",` + prediction + `,"prediction_label":` + text + `,"prediction_score":` + number + `}`)
		c.Reset(0, layout)
		d.Append(c, bare(string(event)))
		if c.Len() == 0 {
			return
		}
		var want struct {
			Label *string  `json:"prediction_label"`
			Score *float64 `json:"prediction_score"`
		}
		if err := json.Unmarshal(event, &want); err != nil {
			t.Fatalf("accepted %q: %v", event, err)
		}
		col := c.Values[schemas.KindPrediction][label]
		if got := string(c.Bytes(col[0].Text)); want.Label != nil && got != *want.Label {
			t.Errorf("%q: text %q, want %q", event, got, *want.Label)
		}
		num := c.Values[schemas.KindPrediction][score][0].Num
		if want.Score != nil && num != *want.Score {
			t.Errorf("%q: number %v, want %v", event, num, *want.Score)
		}
	})
}

// FuzzAppend: any record is one row or one rejection (C2), whatever came before
// it (D1).
func FuzzAppend(f *testing.F) {
	seed(f, func(v []byte) {
		f.Add(v, "", "", uint8(0))
		f.Add(v, "application/cloudevents+json", "", uint8(0x15))
		f.Add(v, "application/json", "verdin.outcome.v1", uint8(0x2a))
	})
	f.Add([]byte(`{"type":"prediction","@pos":{"topic":"t","partition":0,"offset":9},"@at":5,`+prediction+`}`), "", "", uint8(8))
	used := map[codec.Options]*codec.Decoder{}
	f.Fuzz(func(t *testing.T, v []byte, form, ceType string, bits uint8) {
		opt := codec.Options{
			DefaultKind: schemas.Kind(bits & 3 % schemas.Kinds), HasDefault: bits&4 != 0, Recording: bits&8 != 0,
			NoFuture: bits&16 != 0, Kinds: bits >> 5,
		}
		r := bare(string(v))
		if form != "" {
			r.Headers = append(r.Headers, codec.Header{Key: "content-type", Value: []byte(form)})
		}
		if ceType != "" {
			r.Headers = append(r.Headers, codec.Header{Key: "ce_specversion", Value: []byte("1.0")}, codec.Header{Key: "ce_type", Value: []byte(ceType)})
		}
		alone := decode(opt, r)
		checkOne(t, alone)
		if opt.Recording {
			return // positions bind the lines of a file to each other
		}
		if used[opt] == nil {
			used[opt] = codec.New(layout, opt)
		}
		c := new(schemas.Chunk)
		c.Reset(0, layout)
		used[opt].Append(c, r)
		if dump(c) != dump(alone) || !bytes.Equal(c.Arena, alone.Arena) {
			t.Errorf("%q: %s after others, %s alone", v, dump(c), dump(alone))
		}
	})
}

// checkOne checks that a chunk accounts for exactly one record.
func checkOne(t *testing.T, c *schemas.Chunk) {
	t.Helper()
	if c.Len()+len(c.Rejected) != 1 {
		t.Fatalf("%d rows and %d rejections", c.Len(), len(c.Rejected))
	}
	for k := range c.Values {
		rows := 0
		if c.Len() == 1 && c.Kind[0] == schemas.Kind(k) {
			rows = 1
		}
		for _, v := range c.Values[k] {
			if len(v) != rows {
				t.Fatalf("%d rows of %s, a column of %d", rows, schemas.Kind(k), len(v))
			}
		}
	}
	switch {
	case c.Len() == 1 && c.Next != c.Offset[0]+1, c.Len() == 0 && c.Next != c.Rejected[0].Offset+1:
		t.Fatalf("next is %d", c.Next)
	case c.Len() == 0 && len(c.Arena) != 0:
		t.Fatalf("a refused record left %d bytes", len(c.Arena))
	}
}
