package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
)

// Value is a scalar of an event. The zero Value is absent: an absent latency
// and a latency of zero are different facts.
type Value struct {
	Kind ValueKind
	Num  float64 // where Kind is Number; NaN and ±Inf are written as null
	Text string  // where Kind is String
}

// Num is a number.
func Num(x float64) Value { return Value{Kind: Number, Num: x} }

// Str is a text.
func Str(s string) Value { return Value{Kind: String, Text: s} }

// Bool is true or false.
func Bool(b bool) Value {
	if b {
		return Value{Kind: True}
	}
	return Value{Kind: False}
}

// MarshalJSON writes an absent value as null: leaving it out is up to the struct.
func (v Value) MarshalJSON() ([]byte, error) { return appendValue(nil, v), nil }

// UnmarshalJSON reads a scalar; objects and arrays are errors.
func (v *Value) UnmarshalJSON(b []byte) error {
	var x any
	if err := json.Unmarshal(b, &x); err != nil {
		return fmt.Errorf("read a value: %w", err)
	}
	switch x := x.(type) {
	case nil:
		*v = Value{Kind: Null}
	case float64:
		*v = Num(x)
	case string:
		*v = Str(x)
	case bool:
		*v = Bool(x)
	default:
		return fmt.Errorf("read a value: want a number, text, bool or null, got %T", x)
	}
	return nil
}

// Member is a named value.
type Member struct {
	Name  string
	Value Value
}

// Members is a JSON object of scalars that keeps its order. Names do not repeat.
type Members []Member

// MarshalJSON writes the members in order.
func (m Members) MarshalJSON() ([]byte, error) { return appendMembers(nil, m), nil }

// UnmarshalJSON reads the members in the order of the text.
func (m *Members) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return fmt.Errorf("read members: want an object, got %v", tok)
	}
	*m = (*m)[:0]
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fmt.Errorf("read a member's name: %w", err)
		}
		var v Value
		if err := d.Decode(&v); err != nil {
			return fmt.Errorf("read member %q: %w", name, err)
		}
		*m = append(*m, Member{name.(string), v})
	}
	return nil
}

// isFinite tells whether JSON can carry x.
func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
