package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"verdin/internal/wire"
)

var errTest = errors.New("test")

// thing has a field of every kind.
type thing struct {
	i    int64
	n    int32
	u    uint64
	w    uint32
	hash uint64
	x    float64
	yes  bool
	text string
	list []thing
	byID map[int64]string
	part []byte
	item byte
}

func (t *thing) fields(f *wire.Fields) {
	wire.Int(f, &t.i)
	wire.Int(f, &t.n)
	wire.Uint(f, &t.u)
	wire.Uint(f, &t.w)
	f.Word(&t.hash)
	f.Float(&t.x)
	f.Bool(&t.yes)
	f.Text(&t.text)
	wire.Slice(f, &t.list, func(c *thing) { c.fields(f) })
	if f.Reading() {
		t.byID = map[int64]string{}
	}
	wire.Map(f, t.byID, func(k *int64) { wire.Int(f, k) }, func(_ int64, s *string) { f.Text(s) })
	f.Part(func(b []byte) []byte { return append(b, t.part...) },
		func(b []byte) error { t.part = bytes.Clone(b); return nil })
	f.Item(func(b []byte) []byte { return append(b, t.item) },
		func(b []byte) ([]byte, error) {
			if len(b) == 0 {
				return nil, errors.New("no item")
			}
			t.item = b[0]
			return b[1:], nil
		})
}

func sample() thing {
	t := thing{i: math.MinInt64, n: math.MaxInt32, u: math.MaxUint64, w: math.MaxUint32, hash: 1 << 63,
		x: math.Copysign(0, -1), yes: true, text: "é", byID: map[int64]string{-3: "a", 9: "b", 0: ""}, part: []byte{1, 2}, item: 7}
	t.list = []thing{{byID: map[int64]string{}, part: []byte{}}, {x: 5e-324, byID: map[int64]string{}, part: []byte{}}}
	return t
}

func decode(b []byte) (t thing, err error) {
	f := wire.Read(b, errTest)
	t.fields(f)
	return t, f.End()
}

func encode(t thing) []byte {
	f := wire.Write(nil)
	t.fields(f)
	return f.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	want := sample()
	b := encode(want)
	got, err := decode(b)
	if err != nil || !reflect.DeepEqual(got, want) || math.Float64bits(got.x) != math.Float64bits(want.x) {
		t.Errorf("read %+v, %v\nwritten %+v", got, err, want)
	}
	for range 20 { // the order of a map is drawn anew each time
		if !bytes.Equal(encode(sample()), b) {
			t.Fatal("equal content has other bytes")
		}
	}
}

// Every shorter form is refused, and so is a longer one.
func TestNothingIsReadBeyondTheEnd(t *testing.T) {
	b := encode(sample())
	for n := range b {
		if _, err := decode(b[:n]); !errors.Is(err, errTest) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(b), err)
		}
	}
	if _, err := decode(append(b, 0)); err == nil || err.Error() != "test: 1 bytes are left over" {
		t.Errorf("one byte more: %v", err)
	}
}

func TestFieldsThatCannotBeAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		read func(*wire.Fields)
	}{
		"NaN":             {binary(math.NaN()), func(f *wire.Fields) { f.Float(new(float64)) }},
		"infinity":        {binary(math.Inf(1)), func(f *wire.Fields) { f.Float(new(float64)) }},
		"truth of 2":      {[]byte{2}, func(f *wire.Fields) { f.Bool(new(bool)) }},
		"300 in 8 bits":   {[]byte{0xac, 2}, func(f *wire.Fields) { wire.Uint(f, new(uint8)) }},
		"200 in 8 bits":   {[]byte{0x90, 3}, func(f *wire.Fields) { wire.Int(f, new(int8)) }},
		"absurd count":    {bytes.Repeat([]byte{0xff}, 9), func(f *wire.Fields) { f.Count(0) }},
		"absurd text":     {[]byte{0xff, 0xff, 0xff, 0x7f, 'a'}, func(f *wire.Fields) { f.Text(new(string)) }},
		"keys that fall":  {[]byte{2, 4, 2}, readKeys},
		"keys that stand": {[]byte{2, 4, 4}, readKeys},
	} {
		f := wire.Read(c.b, errTest)
		if c.read(f); !errors.Is(f.Err(), errTest) || f.Len() != 0 {
			t.Errorf("%s: %v, %d bytes left", name, f.Err(), f.Len())
		}
	}
}

func binary(x float64) []byte {
	f := wire.Write(nil)
	w := math.Float64bits(x)
	f.Word(&w)
	return f.Bytes()
}

func readKeys(f *wire.Fields) {
	wire.Map(f, map[int64]bool{}, func(k *int64) { wire.Int(f, k) }, func(int64, *bool) {})
}

func TestTheFirstErrorSticks(t *testing.T) {
	r := wire.NewReader([]byte{1, 2, 3}, errTest)
	r.Below(1)
	r.Fail("another")
	if r.U64() != 0 || r.Count() != 0 || r.Rest() != nil || r.Err() == nil || r.Err().Error() != "test: 1 is not below 1" {
		t.Errorf("%v", r.Err())
	}
}

func FuzzRead(f *testing.F) {
	f.Add(encode(sample()))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := decode(b)
		if err != nil {
			return
		}
		again, err := decode(encode(got))
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("read %+v, again %+v, %v", got, again, err)
		}
	})
}

func ExampleFields() {
	type point struct{ x, y int64 }
	walk := func(f *wire.Fields, p *point) {
		wire.Int(f, &p.x)
		wire.Int(f, &p.y)
	}
	p := point{3, -4}
	w := wire.Write(nil)
	walk(w, &p)
	var q point
	r := wire.Read(w.Bytes(), errTest)
	walk(r, &q)
	fmt.Println(q, r.End())
	// Output: {3 -4} <nil>
}
