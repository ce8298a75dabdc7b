package decision

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"unsafe"

	"verdin/schemas"
)

// filled sets every field below v to something of its own, unexported ones too.
func filled(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(string(rune('a' + *n%26)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(-*n)
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			filled(v.Index(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			if v.Type() == reflect.TypeFor[State]() && v.Type().Field(i).Name == "before" {
				continue
			}
			filled(reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem(), n)
		}
	default:
		panic("a field of a kind that the test does not know: " + v.Kind().String())
	}
}

// full is a state in which no field is zero.
func full() State {
	var n int64
	st := State{before: make([]State, 2)}
	for _, s := range []*State{&st, &st.before[0], &st.before[1]} {
		filled(reflect.ValueOf(s).Elem(), &n)
		s.Phase, s.Stage = schemas.PhaseHeld, 2
		for i := range s.History {
			s.History[i].Stage = i
		}
	}
	return st
}

// Every field of a state comes back, also one that is added after this was written.
func TestAStateComesBackWhole(t *testing.T) {
	for name, st := range map[string]State{"full": full(), "new": New(nil, Head{Generation: 7}, 0)} {
		b := st.AppendBinary([]byte("x"))[1:]
		got, rest, err := DecodeState(append(bytes.Clone(b), "rest"...), 3)
		if err != nil || string(rest) != "rest" {
			t.Fatalf("%s: %q left, %v", name, rest, err)
		}
		if !reflect.DeepEqual(got, st) {
			t.Errorf("%s: read %+v\nwritten %+v", name, got, st)
		}
		for n := range b {
			if _, _, err := DecodeState(b[:n], 3); !errors.Is(err, ErrState) {
				t.Errorf("%s: the first %d of %d bytes: %v", name, n, len(b), err)
			}
		}
	}
}

func TestAStateThatCannotBeIsRefused(t *testing.T) {
	for name, change := range map[string]func(*State){
		"unknown phase":                func(st *State) { st.Phase = "dancing" },
		"stage beyond the last":        func(st *State) { st.Stage = 3 },
		"running before the first":     func(st *State) { st.Stage = -1 },
		"pending in a stage":           func(st *State) { st.Phase = schemas.PhasePending },
		"history of a stage not there": func(st *State) { st.History[1].Stage = 3 },
		"such a state before":          func(st *State) { st.before[1].Stage = 9 },
	} {
		st := full()
		change(&st)
		if _, _, err := DecodeState(st.AppendBinary(nil), 3); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := DecodeState(append([]byte{9}, full().AppendBinary(nil)[1:]...), 3); !errors.Is(err, ErrState) {
		t.Errorf("another version: %v", err)
	}
}

func FuzzDecodeState(f *testing.F) {
	f.Add(full().AppendBinary(nil))
	f.Add(New(nil, Head{}, 0).AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		st, _, err := DecodeState(b, 3)
		if err != nil {
			return
		}
		again, _, err := DecodeState(st.AppendBinary(nil), 3)
		if err != nil || !reflect.DeepEqual(again, st) {
			t.Fatalf("read %+v, again %+v, %v", st, again, err)
		}
	})
}
