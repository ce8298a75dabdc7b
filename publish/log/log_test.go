package log_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"verdin/publish/log"
	"verdin/schemas"
)

// payload is a verdict with a sequence and a message of n bytes.
func payload(seq uint64, n int) []byte {
	v := &schemas.Verdict{
		Namespace: "prod", Rollout: "recsys", Verdict: schemas.VerdictHold, Phase: schemas.PhaseHeld, Generation: 1, Sequence: seq,
		Routes:   []schemas.Route{{Arm: schemas.ArmCanary}, {Arm: schemas.ArmStable, WeightBps: schemas.WeightTotal}},
		OnExpiry: schemas.ExpiryStable, Reason: schemas.Reason{Message: strings.Repeat("x", n)},
	}
	return v.AppendJSON(nil)
}

func read(t *testing.T, b []byte) (all [][]byte) {
	t.Helper()
	if err := log.Read(bytes.NewReader(b), func(_ *schemas.Verdict, p []byte) error { all = append(all, p); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLogGivesBackTheBytes(t *testing.T) {
	var buf bytes.Buffer
	w := log.New(&buf)
	all := [][]byte{payload(1, 0), payload(2, 100_000), payload(3, 5)} // longer than any buffer
	for _, p := range all {
		if err := w.Append(p); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, buf.Bytes()); !slices.EqualFunc(got, all, bytes.Equal) {
		t.Errorf("%d verdicts came back, want %d equal ones", len(got), len(all))
	}
	if err := w.Append([]byte("{\n}")); err == nil {
		t.Error("a payload of two lines was written")
	}
}

func TestTornTailIsCutAndWrittenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "verdicts.jsonl")
	for seq := uint64(1); seq <= 3; seq++ {
		w, err := log.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Append(payload(seq, 10_000)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if _, err := f.Write(payload(9, 10_000)[:7_000]); err != nil { // a crash
			t.Fatal(err)
		}
		f.Close()
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, b); len(got) != 3 {
		t.Errorf("%d verdicts, want 3", len(got))
	}
}

func TestReadNamesTheLine(t *testing.T) {
	bad := append(append(payload(1, 0), '\n'), "{}\n"...)
	err := log.Read(bytes.NewReader(bad), func(*schemas.Verdict, []byte) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v, want one for line 2", err)
	}
	stop := errors.New("stop")
	if err := log.Read(bytes.NewReader(bad), func(*schemas.Verdict, []byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the reader's own error was lost: %v", err)
	}
	endless := bytes.Repeat([]byte("x"), schemas.MaxVerdict+8192)
	if err := log.Read(bytes.NewReader(endless), func(*schemas.Verdict, []byte) error { return nil }); err == nil {
		t.Error("no limit on a line")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(append(payload(1, 3), '\n'))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = log.Read(bytes.NewReader(b), func(v *schemas.Verdict, p []byte) error {
			if v == nil || bytes.IndexByte(p, '\n') >= 0 {
				t.Error("no verdict, or more than one line")
			}
			return nil
		})
	})
}

func ExampleWriter() {
	var file bytes.Buffer
	w := log.New(&file)
	if err := w.Append(payload(1, 0)); err != nil {
		fmt.Println(err)
	}
	err := log.Read(&file, func(v *schemas.Verdict, _ []byte) error {
		fmt.Println(v.ID(), v.Verdict)
		return nil
	})
	fmt.Println(err)
	// Output:
	// prod/recsys/1/1 hold
	// <nil>
}
