package codec

import (
	"encoding/binary"
	"math/bits"
	"strconv"

	"verdin/schemas"
)

// scanner walks over JSON text. Its methods return false after a failure, which
// reason and detail then describe; pos stands where the failure was seen.
type scanner struct {
	src   []byte
	pos   int
	depth int     // objects and arrays that are open
	buf   []byte  // the last text that had escapes or non-ASCII bytes
	num   decimal // the last number
	trail []span  // values so far of the objects that are open

	other [maxDepth + 1]*shape // of objects that the contract does not know, by depth

	reason, detail string
}

func newScanner() scanner {
	var s scanner
	for i := range s.other {
		s.other[i] = newShape(skipped)
	}
	return s
}

func (s *scanner) reset(src []byte) {
	s.src, s.pos, s.depth, s.trail, s.reason, s.detail = src, 0, 0, s.trail[:0], "", ""
}

// fail records why the text is refused, with the place.
func (s *scanner) fail(reason, what string) bool {
	s.reason, s.detail = reason, "byte "+strconv.Itoa(s.pos)+": "+what
	return false
}

func (s *scanner) syntax(what string) bool { return s.fail(schemas.RejectSyntax, what) }

// peek skips white space and returns the byte that follows, 0 at the end. No
// JSON text has a 0 outside of its strings, so it can stand for the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if c > ' ' {
			return c
		}
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return 0
		}
		s.pos++
	}
	return 0
}

// enter steps over an opening bracket.
func (s *scanner) enter() bool {
	if s.depth == maxDepth {
		return s.fail(schemas.RejectDepth, "nested deeper than "+strconv.Itoa(maxDepth)+" levels")
	}
	s.depth++
	s.pos++
	return true
}

// element moves to the next element of an array, n being the number of those
// before it. It returns false at the closing bracket, which it steps over, and
// on failure.
func (s *scanner) element(n int) bool {
	c := s.peek()
	if c == ']' {
		s.pos++
		s.depth--
		return false
	}
	if n == 0 {
		return true
	}
	if c != ',' {
		return s.syntax("want , or ] in an array")
	}
	s.pos++
	return true
}

// end checks that nothing follows the value.
func (s *scanner) end() bool {
	if s.peek() != 0 || s.pos < len(s.src) {
		return s.syntax("bytes after the event")
	}
	return true
}

// word steps over true, false or null.
func (s *scanner) word(w string) bool {
	if len(s.src)-s.pos < len(w) || string(s.src[s.pos:s.pos+len(w)]) != w {
		return s.syntax("want a value")
	}
	s.pos += len(w)
	return true
}

// scalar steps over a value that is no object and no array and tells its type.
// A number is left in s.num, a text is returned: it is valid until the next text.
func (s *scanner) scalar() (schemas.ValueKind, []byte, bool) {
	switch c := s.peek(); {
	case c == '"':
		b, ok := s.text()
		return schemas.String, b, ok
	case c == '-' || c >= '0' && c <= '9':
		return schemas.Number, nil, s.number()
	case c == 't':
		return schemas.True, nil, s.word("true")
	case c == 'f':
		return schemas.False, nil, s.word("false")
	case c == 'n':
		return schemas.Null, nil, s.word("null")
	case c == 'N' || c == 'I':
		return schemas.Absent, nil, s.fail(schemas.RejectNumber, "NaN and Infinity are not JSON: send null")
	case c == 0 && s.pos == len(s.src):
		return schemas.Absent, nil, s.syntax("the text ends where a value should be")
	}
	return schemas.Absent, nil, s.syntax("want a value")
}

// text steps over a string. Plain ASCII is returned in place; anything else goes through
// strictText.
func (s *scanner) text() ([]byte, bool) {
	start := s.pos + 1
	i, ok := quoteAt(s.src, start)
	if !ok {
		return s.strictText(start, i)
	}
	if i-start > maxText {
		return nil, s.tooLong()
	}
	s.pos = i + 1
	return s.src[start:i], true
}

// quoteAt finds the quote that ends a string of plain ASCII, eight bytes a step. It returns
// false at the first byte that is something else, or at the end of src.
func quoteAt(src []byte, i int) (end int, ok bool) {
	for ; i+8 <= len(src); i += 8 {
		if m := special(binary.LittleEndian.Uint64(src[i:])); m != 0 {
			i += bits.TrailingZeros64(m) >> 3
			return i, src[i] == '"'
		}
	}
	for i < len(src) && src[i] >= ' ' && src[i] < 0x80 && src[i] != '"' && src[i] != '\\' {
		i++
	}
	return i, i < len(src) && src[i] == '"'
}

// special returns a word whose lowest set bit lies in the first byte of w that
// is a quote, a backslash, a control character or not ASCII; 0 if there is none.
func special(w uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^ones*'"', w^ones*'\\'
	return (w | (w - ones*' ') | (quote - ones) | (slash - ones)) & high
}

func (s *scanner) tooLong() bool {
	return s.fail(schemas.RejectSize, "a string above "+strconv.Itoa(maxText)+" bytes")
}
