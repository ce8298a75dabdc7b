package codec

import "verdin/schemas"

// latest bounds event times: 2200-01-01T00:00:00Z in Unix milliseconds. Anything
// later is a unit mistaken (microseconds, nanoseconds), and the nanoseconds of
// anything earlier fit into schemas.Time.
const latest = 7_258_118_400_000

// clock reads times. It remembers the minute of the last one, for the next is mostly
// of the same.
type clock struct {
	minute [len(toMinute)]byte // as it was written; zeros = none was read
	at     int64               // seconds since 1970 at which it began; the zone not counted
}

const toMinute = "2006-01-02T15:04:"

// parse reads an RFC 3339 time of the years 1970 to 2199. Digits of the second
// beyond the ninth are dropped; a leap second is refused.
func (c *clock) parse(b []byte) (schemas.Time, bool) {
	if len(b) < len("2006-01-02T15:04:05Z") {
		return 0, false
	}
	if c.minute[0] == 0 || [len(toMinute)]byte(b) != c.minute { // none yet, or another
		at, ok := parseMinute(b)
		if !ok {
			return 0, false
		}
		c.minute, c.at = [len(toMinute)]byte(b), at
	}
	second, ok := digits(b[len(toMinute):19])
	if !ok || second > 59 {
		return 0, false
	}
	nanos, rest, ok := fraction(b[19:])
	if !ok {
		return 0, false
	}
	offset, ok := zone(rest)
	seconds := c.at + second - offset
	if !ok || seconds < 0 {
		return 0, false
	}
	return schemas.Time(seconds*1e9 + nanos), true
}

// parseMinute reads a time up to its minute.
func parseMinute(b []byte) (seconds int64, ok bool) {
	if b[4] != '-' || b[7] != '-' || b[10]|0x20 != 't' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	year, ok1 := digits(b[0:4])
	month, ok2 := digits(b[5:7])
	day, ok3 := digits(b[8:10])
	hour, ok4 := digits(b[11:13])
	minute, ok5 := digits(b[14:16])
	if !(ok1 && ok2 && ok3 && ok4 && ok5) || year < 1970 || year > 2199 ||
		month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 {
		return 0, false
	}
	return (daysSince1970(year, month, day)*24+hour)*3600 + minute*60, true
}

// digits reads a short run of decimal digits.
func digits(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// fraction reads an optional fraction of a second and returns what follows it.
func fraction(b []byte) (nanos int64, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, true
	}
	i, unit := 1, int64(1e8)
	for ; i < len(b) && isDigit(b[i]); i++ {
		nanos += int64(b[i]-'0') * unit
		unit /= 10
	}
	return nanos, b[i:], i > 1
}

// zone reads Z or ±hh:mm and returns seconds east of Greenwich.
func zone(b []byte) (seconds int64, ok bool) {
	if len(b) == 1 && b[0]|0x20 == 'z' {
		return 0, true
	}
	if len(b) != len("+00:00") || b[3] != ':' || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, ok1 := digits(b[1:3])
	minutes, ok2 := digits(b[4:6])
	seconds = hours*3600 + minutes*60
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, ok1 && ok2 && hours < 24 && minutes < 60
}

func daysIn(year, month int64) int64 {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysSince1970 counts days of the proleptic Gregorian calendar, with the year
// starting in March so that a leap day is the last.
// Source: H. Hinnant, chrono-Compatible Low-Level Date Algorithms, days_from_civil.
func daysSince1970(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	inYear := (153*(month-3)+2)/5 + day - 1
	return 365*year + year/4 - year/100 + year/400 + inYear - 719468
}
