package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strconv"
	"time"
)

// Digest names a payload by its content: "sha256:" and 64 hex digits.
func Digest(payload []byte) string {
	sum := sha256.Sum256(payload)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// MarshalText writes an instant as RFC 3339 in UTC, or "never" or "unknown".
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText writes, and any other RFC 3339 instant
// from 1678 to 2261, the range of a Time.
func (t *Time) UnmarshalText(b []byte) error {
	switch string(b) {
	case "never":
		*t = Never
		return nil
	case "unknown":
		*t = Unknown
		return nil
	}
	u, err := time.Parse(time.RFC3339Nano, string(b))
	if err != nil {
		return err
	}
	if y := u.UTC().Year(); y < 1678 || y > 2261 {
		return &time.ParseError{Layout: time.RFC3339Nano, Value: string(b), Message: ": year outside 1678 to 2261"}
	}
	*t = TimeOf(u)
	return nil
}

// Round12 rounds x to 12 significant decimal digits, the precision of every
// number in a verdict: what differs between processors stays below it. −0
// becomes 0; NaN and ±Inf stay and are written as null.
func Round12(x float64) float64 {
	if x == 0 || !isFinite(x) {
		return x + 0 // −0 + 0 = 0
	}
	var buf [32]byte
	r, err := strconv.ParseFloat(string(strconv.AppendFloat(buf[:0], x, 'e', 11, 64)), 64)
	if err != nil { // rounded up beyond the greatest float
		return math.Copysign(math.MaxFloat64, x)
	}
	return r
}

func (w *writer) number(name string, x float64) {
	w.name(name)
	w.b = appendRounded(w.b, x)
}

func appendRounded(dst []byte, x float64) []byte {
	if !isFinite(x) {
		return append(dst, "null"...)
	}
	return appendNumber(dst, Round12(x))
}

func (w *writer) count(name string, n int64) {
	w.name(name)
	w.b = strconv.AppendInt(w.b, n, 10)
}

func (w *writer) unsigned(name string, n uint64) {
	w.name(name)
	w.b = strconv.AppendUint(w.b, n, 10)
}

func (w *writer) truth(name string, b bool) {
	w.name(name)
	w.b = strconv.AppendBool(w.b, b)
}

func (w *writer) instant(name string, t Time) { w.text(name, t.String()) }

// object writes a member that is an object.
func (w *writer) object(name string, members func(*writer)) {
	w.name(name)
	w.b = appendObject(w.b, members)
}

// array writes a member that is an array of n elements.
func (w *writer) array(name string, n int, element func(dst []byte, i int) []byte) {
	w.name(name)
	w.b = append(w.b, '[')
	for i := range n {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.b = element(w.b, i)
	}
	w.b = append(w.b, ']')
}

func (w *writer) texts(name string, s []string) {
	w.array(name, len(s), func(dst []byte, i int) []byte { return appendText(dst, s[i]) })
}

func appendObject(dst []byte, members func(*writer)) []byte {
	w := writer{append(dst, '{'), true}
	members(&w)
	return append(w.b, '}')
}
