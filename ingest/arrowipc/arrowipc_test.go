package arrowipc_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"verdin/ingest/arrowipc"
)

// everything has a column of every type that is read.
var everything = arrow.NewSchema([]arrow.Field{
	{Name: "b", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
	{Name: "i8", Type: arrow.PrimitiveTypes.Int8, Nullable: true},
	{Name: "u16", Type: arrow.PrimitiveTypes.Uint16, Nullable: true},
	{Name: "i32", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
	{Name: "u64", Type: arrow.PrimitiveTypes.Uint64, Nullable: true},
	{Name: "f32", Type: arrow.PrimitiveTypes.Float32, Nullable: true},
	{Name: "f64", Type: arrow.PrimitiveTypes.Float64, Nullable: true, Metadata: arrow.NewMetadata([]string{"unit"}, []string{"s"})},
	{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
	{Name: "large", Type: arrow.BinaryTypes.LargeString, Nullable: true},
	{Name: "t", Type: arrow.FixedWidthTypes.Timestamp_us, Nullable: true},
}, nil)

// rows makes a batch of n rows; every seventh value is missing.
func rows(n int) arrow.Record {
	b := array.NewRecordBuilder(memory.NewGoAllocator(), everything)
	for i := range n {
		for c, f := range b.Fields() {
			if (i+c)%7 == 0 {
				f.AppendNull()
				continue
			}
			switch f := f.(type) {
			case *array.BooleanBuilder:
				f.Append(i%2 == 0)
			case *array.Int8Builder:
				f.Append(int8(i))
			case *array.Uint16Builder:
				f.Append(uint16(i))
			case *array.Int32Builder:
				f.Append(int32(-i))
			case *array.Uint64Builder:
				f.Append(uint64(i) << 40)
			case *array.Float32Builder:
				f.Append(float32(i) / 3)
			case *array.Float64Builder:
				f.Append(float64(i) / 3)
			case *array.StringBuilder:
				f.Append(strings.Repeat("é", i%5))
			case *array.LargeStringBuilder:
				f.Append(fmt.Sprint("row ", i))
			case *array.TimestampBuilder:
				f.Append(arrow.Timestamp(1772366400000000 + i))
			}
		}
	}
	return b.NewRecord()
}

func file(t testing.TB, c arrowipc.Compression, batches ...arrow.Record) []byte {
	var out bytes.Buffer
	w, err := arrowipc.NewWriter(&out, everything, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := w.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// drain reads a file to its end and calls each for every batch.
func drain(data []byte, each func(arrow.Record)) error {
	r, err := arrowipc.NewReader(bytes.NewReader(data))
	for err == nil {
		var rec arrow.Record
		if rec, err = r.Next(); err == nil {
			each(rec)
		}
	}
	if err == io.EOF {
		return nil
	}
	return err
}

var compressions = []arrowipc.Compression{arrowipc.None, arrowipc.LZ4, arrowipc.ZSTD}

// The library's own reader is the oracle.
func TestReadsWhatTheLibraryReads(t *testing.T) {
	for _, c := range compressions {
		data := file(t, c, rows(0), rows(1), rows(1000), rows(8))
		oracle, err := ipc.NewFileReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		err = drain(data, func(got arrow.Record) {
			want, err := oracle.Record(n)
			if err != nil {
				t.Fatal(err)
			}
			if !array.RecordEqual(got, want) || !got.Schema().Equal(want.Schema()) {
				t.Errorf("%s, batch %d: %v\nwant %v", c, n, got, want)
			}
			n++
		})
		if err != nil || n != oracle.NumRecords() {
			t.Errorf("%s: %d batches and %v, want %d", c, n, err, oracle.NumRecords())
		}
	}
}

func TestReadsFilesWithoutTheMarkOfTheEnd(t *testing.T) {
	data := file(t, arrowipc.None, rows(3))
	end := bytes.LastIndex(data, []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
	without := append(bytes.Clone(data[:end]), data[end+8:]...)
	n := 0
	if err := drain(without, func(arrow.Record) { n++ }); err != nil || n != 1 {
		t.Errorf("%d batches and %v, want 1", n, err)
	}
}

// A3: wherever a file is cut, the end is not taken for its proper one.
func TestAFileThatWasCutOffSaysSo(t *testing.T) {
	data := file(t, arrowipc.LZ4, rows(20), rows(20))
	for n := range len(data) {
		err := drain(data[:n], func(arrow.Record) {})
		if err == nil || n >= 8 && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%d of %d bytes: %v, want an unexpected end", n, len(data), err)
		}
	}
}

func TestColumnsThatAreNotReadAreNamed(t *testing.T) {
	for _, c := range []struct {
		t    arrow.DataType
		want string
	}{
		{arrow.ListOf(arrow.PrimitiveTypes.Float64), `column "x" has a type that is not read (list)`},
		{&arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int8, ValueType: arrow.BinaryTypes.String}, `column "x" is dictionary-encoded: write it as plain text`},
		{arrow.BinaryTypes.Binary, "(binary)"},
		{arrow.FixedWidthTypes.Float16, `column "x" has a type that is not read`},
	} {
		var out bytes.Buffer
		w, err := arrowipc.NewWriter(&out, arrow.NewSchema([]arrow.Field{{Name: "x", Type: c.t}}, nil), arrowipc.None)
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := drain(out.Bytes(), func(arrow.Record) {}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.t, err, c.want)
		}
	}
	if _, err := arrowipc.NewWriter(io.Discard, everything, "brotli"); err == nil {
		t.Error("an unknown compression was taken")
	}
}

// touch looks at every value of a batch, as a consumer would.
func touch(rec arrow.Record) (sum int) {
	for _, c := range rec.Columns() {
		for i := range c.Len() {
			if !c.IsNull(i) {
				sum += len(c.ValueStr(i))
			}
		}
	}
	return sum
}

// A1 and A2 for files of which one to four bytes were changed.
func TestDamagedFilesNeverPanicNorTakeTheMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	tries := 20000
	if testing.Short() {
		tries = 2000
	}
	refused := 0
	var before, after runtime.MemStats
	for _, c := range compressions {
		data := file(t, c, rows(50), rows(50))
		for range tries / len(compressions) {
			bad := bytes.Clone(data)
			for range 1 + rng.IntN(4) {
				bad[rng.IntN(len(bad))] = byte(rng.Uint32())
			}
			runtime.ReadMemStats(&before)
			err := drain(bad, func(rec arrow.Record) { touch(rec) })
			runtime.ReadMemStats(&after)
			if err != nil {
				refused++
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 2*arrowipc.MaxBatch+4*arrowipc.MaxMetadata {
				t.Fatalf("%d MiB taken for a file of %d bytes", grown>>20, len(bad))
			}
		}
	}
	if refused < tries/10 {
		t.Errorf("%d of %d damaged files were refused: the damage does not reach the checks", refused, tries)
	}
}

func FuzzReader(f *testing.F) {
	for _, c := range compressions {
		f.Add(file(f, c, rows(10)))
		f.Add(file(f, c, rows(0), rows(3)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = drain(data, func(rec arrow.Record) { touch(rec) })
	})
}

func ExampleReader() {
	schema := arrow.NewSchema([]arrow.Field{{Name: "arm", Type: arrow.BinaryTypes.String}}, nil)
	b := array.NewRecordBuilder(memory.NewGoAllocator(), schema)
	b.Field(0).(*array.StringBuilder).AppendValues([]string{"stable", "canary"}, nil)

	var file bytes.Buffer
	w, _ := arrowipc.NewWriter(&file, schema, arrowipc.ZSTD)
	_ = w.Write(b.NewRecord())
	_ = w.Close()

	r, _ := arrowipc.NewReader(&file)
	rec, _ := r.Next()
	fmt.Println(rec.NumRows(), rec.Column(0))
	_, err := r.Next()
	fmt.Println(err)
	// Output:
	// 2 ["stable" "canary"]
	// EOF
}
