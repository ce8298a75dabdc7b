package codec

import (
	"math"
	"strconv"

	"verdin/schemas"
)

// decimal is a JSON number as scanned: (−1)^neg · mant · 10^exp10 if exact, else
// the text decides.
type decimal struct {
	from  int // its text is src[from:to]
	to    int
	mant  uint64
	exp10 int
	neg   bool
	exact bool // mant holds every digit
}

// maxDigits is how many decimal digits always fit into a uint64.
const maxDigits = 19

// number steps over a number and leaves it in s.num.
func (s *scanner) number() bool {
	src, from := s.src, s.pos
	first := from
	if src[from] == '-' {
		first++
	}
	mant, i := digitsFrom(src, first, 0)
	digits, exp10 := i-first, 0
	switch {
	case digits == 0 && i < len(src) && src[i] == 'I':
		return s.fail(schemas.RejectNumber, "NaN and Infinity are not JSON: send null")
	case digits == 0:
		return s.syntax("a number without digits")
	case digits > 1 && src[first] == '0':
		return s.syntax("a number with a leading zero")
	}
	if i < len(src) && src[i] == '.' {
		point := i + 1
		if mant, i = digitsFrom(src, point, mant); i == point {
			return s.syntax("a number that ends with its point")
		}
		exp10 = point - i
		digits -= exp10
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		e, end := exponent(src, i+1)
		if end == i+1 {
			return s.syntax("an exponent without digits")
		}
		exp10, i = exp10+e, end
	}
	s.num = decimal{from: from, to: i, mant: mant, exp10: exp10, neg: first > from, exact: digits <= maxDigits}
	s.pos = i
	return true
}

// quick reads a number as most are, of at most 15 digits and without an exponent, rounded
// once as float does, and returns the place behind it. It stays where it is if the number
// is another, or none.
func quick(src []byte, at int) (x float64, end int) {
	first := at
	if src[first] == '-' {
		first++
	}
	mant, i := digitsFrom(src, first, 0)
	digits, scale := i-first, 1.0
	if digits == 0 || digits > 1 && src[first] == '0' {
		return 0, at
	}
	if i < len(src) && src[i] == '.' {
		point := i + 1
		mant, i = digitsFrom(src, point, mant)
		digits += i - point
		if i == point || digits > quickDigits {
			return 0, at
		}
		scale = pow10[i-point]
	}
	if digits > quickDigits || i < len(src) && src[i]|0x20 == 'e' {
		return 0, at
	}
	x = float64(int64(mant)) / scale
	if first > at && mant != 0 {
		x = -x
	}
	return x, i
}

// quickDigits are so few that the number is below maxNumber and its digits are exact.
const quickDigits = 15

// digitsFrom appends the digits that stand at i to a mantissa and returns it with the
// position after them. It wraps around beyond maxDigits.
func digitsFrom(src []byte, i int, mant uint64) (uint64, int) {
	for ; i < len(src) && isDigit(src[i]); i++ {
		mant = mant*10 + uint64(src[i]-'0')
	}
	return mant, i
}

// exponent reads what stands behind an e and returns the position after it; that is
// where it began if there are no digits.
func exponent(src []byte, begin int) (e, end int) {
	sign, i := 1, begin
	if i < len(src) && (src[i] == '+' || src[i] == '-') {
		if src[i] == '-' {
			sign = -1
		}
		i++
	}
	from := i
	for ; i < len(src) && isDigit(src[i]); i++ {
		e = min(e*10+int(src[i]-'0'), 1<<20) // far beyond any float64
	}
	if i == from {
		return 0, begin
	}
	return sign * e, i
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// pow10 holds the powers of ten that a float64 represents exactly.
var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// float returns the float64 nearest to the last number; false if its size is above maxNumber.
// Where mantissa and power are both exact, one operation rounds once and is
// therefore correct (W. Clinger, How to Read Floating Point Numbers Accurately,
// 1990); all else is left to strconv. There is no negative zero.
func (s *scanner) float() (float64, bool) {
	var x float64
	d := &s.num
	switch {
	case d.exact && d.mant < 1<<53 && d.exp10 >= 0 && d.exp10 < len(pow10):
		x = float64(d.mant) * pow10[d.exp10]
	case d.exact && d.mant < 1<<53 && d.exp10 < 0 && -d.exp10 < len(pow10):
		x = float64(d.mant) / pow10[-d.exp10]
	default:
		y, err := strconv.ParseFloat(string(s.src[d.from:d.to]), 64)
		if err != nil {
			return 0, false
		}
		x = math.Abs(y)
	}
	if x > maxNumber {
		return 0, false
	}
	if d.neg && x != 0 {
		x = -x
	}
	return x, true
}
