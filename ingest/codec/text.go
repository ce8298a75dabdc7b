package codec

import (
	"unicode/utf16"
	"unicode/utf8"

	"verdin/schemas"
)

// strictText steps over a string that starts at start and is plain up to i. It
// resolves the escapes into s.buf.
func (s *scanner) strictText(start, i int) ([]byte, bool) {
	s.buf = append(s.buf[:0], s.src[start:i]...)
	s.pos = i
	for s.pos < len(s.src) {
		if len(s.buf) > maxText {
			return nil, s.tooLong()
		}
		switch c := s.src[s.pos]; {
		case c == '"':
			s.pos++
			return s.buf, true
		case c == '\\':
			if !s.escape() {
				return nil, false
			}
		case c < ' ':
			return nil, s.syntax("a control character in a string")
		case c < utf8.RuneSelf:
			s.buf = append(s.buf, c)
			s.pos++
		default:
			r, n := utf8.DecodeRune(s.src[s.pos:])
			if r == utf8.RuneError && n == 1 {
				return nil, s.fail(schemas.RejectUTF8, "a string that is not UTF-8")
			}
			s.buf = append(s.buf, s.src[s.pos:s.pos+n]...)
			s.pos += n
		}
	}
	return nil, s.syntax("the text ends inside a string")
}

// escape resolves the escape sequence at s.pos.
func (s *scanner) escape() bool {
	if s.pos+1 == len(s.src) {
		return s.syntax("the text ends inside a string")
	}
	c := s.src[s.pos+1]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return s.unicodeEscape()
	default:
		return s.syntax("an escape that JSON does not have")
	}
	s.buf = append(s.buf, c)
	s.pos += 2
	return true
}

// unicodeEscape resolves \uXXXX, or two of them that are a surrogate pair.
func (s *scanner) unicodeEscape() bool {
	r, ok := s.hex4(s.pos)
	if !ok {
		return s.syntax(`want four hexadecimal digits after \u`)
	}
	n := 6
	if utf16.IsSurrogate(r) {
		low, ok := s.hex4(s.pos + 6)
		r = utf16.DecodeRune(r, low)
		if !ok || r == utf8.RuneError {
			return s.fail(schemas.RejectUTF8, "half of a surrogate pair")
		}
		n = 12
	}
	s.buf = utf8.AppendRune(s.buf, r)
	s.pos += n
	return true
}

// hex4 reads \uXXXX at i.
func (s *scanner) hex4(i int) (r rune, ok bool) {
	if i+6 > len(s.src) || s.src[i] != '\\' || s.src[i+1] != 'u' {
		return 0, false
	}
	for _, c := range s.src[i+2 : i+6] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
