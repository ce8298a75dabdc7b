package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"verdin/internal/pump/disk"
)

var two = []Section{{"core", []byte("state of the engine")}, {"pump", nil}}

func same(a, b []Section) bool {
	return slices.EqualFunc(a, b, func(x, y Section) bool { return x.Name == y.Name && bytes.Equal(x.Data, y.Data) })
}

func TestEveryChangedByteIsFound(t *testing.T) {
	whole := Encode(nil, two)
	if got, err := Decode(whole); err != nil || !same(got, two) {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range whole {
		for bit := range 8 {
			bad := slices.Clone(whole)
			bad[i] ^= 1 << bit
			if _, err := Decode(bad); !errors.Is(err, ErrDamaged) {
				t.Fatalf("byte %d, bit %d: %v", i, bit, err)
			}
		}
		if _, err := Decode(whole[:i]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Encode(nil, two))
	f.Add(Encode(nil, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if sections, err := Decode(b); err == nil && !bytes.Equal(Encode(nil, sections), b) {
			t.Fatalf("%q is not what was written", b)
		}
	})
}

func TestTheNewestAreKept(t *testing.T) {
	m := new(disk.Memory)
	s := &Store{FS: m, Dir: "d"}
	for n := range uint64(6) {
		if err := s.Write(10*n, two); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := s.List(); err != nil || !reflect.DeepEqual(all, []uint64{30, 40, 50}) {
		t.Errorf("kept %v, %v", all, err)
	}
	if got, err := s.Read(40); err != nil || !same(got, two) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := s.Read(20); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if err := s.Clear(); err != nil {
		t.Error(err)
	}
	if all, _ := s.List(); len(all) > 0 {
		t.Errorf("left %v", all)
	}
}

// Whatever fails and whenever the power goes, the snapshots of before are whole.
func TestAWriteThatFailsHarmsNothing(t *testing.T) {
	for n := range 6 {
		for _, torn := range []bool{false, true} {
			m := new(disk.Memory)
			(&Store{FS: m, Dir: "d"}).Write(1, two)
			left := n
			fs := &disk.Faulty{FS: m, Fail: func(string, string) error {
				if left--; left < 0 {
					return syscall.ENOSPC
				}
				return nil
			}}
			err := (&Store{FS: fs, Dir: "d", Keep: 1}).Write(2, two)
			if (err != nil) != (n < 6) || err != nil && !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("after %d steps: %v", n, err)
			}
			for _, left := range []*disk.Memory{m, m.Crash(torn)} {
				s := &Store{FS: left, Dir: "d"}
				all, _ := s.List()
				if len(all) == 0 {
					t.Errorf("after %d steps: nothing is left", n)
				}
				for _, number := range all {
					if got, err := s.Read(number); err != nil || !same(got, two) {
						t.Errorf("after %d steps, torn %v: snapshot %d: %v", n, torn, number, err)
					}
				}
			}
		}
	}
}

func ExampleStore() {
	s := &Store{FS: new(disk.Memory), Dir: "state"}
	s.Write(7, []Section{{"core", []byte("…")}})
	all, _ := s.List()
	sections, err := s.Read(all[0])
	fmt.Println(all, sections[0].Name, err)
	// Output: [7] core <nil>
}
