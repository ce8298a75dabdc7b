package foreign

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"verdin/ingest/table"
	"verdin/schemas"
)

// coerce makes a value what its target wants: an id of digits is text, a count
// in text is a number, a time is RFC 3339.
func coerce(c table.Cell, target string) (table.Cell, error) {
	field := target
	if strings.HasPrefix(target, outcomePrefix) {
		_, field, _ = cutLast(target)
	}
	out := table.Cell{Path: target, Value: c.Value, JSON: c.JSON}
	var ok bool
	switch want := table.TypeOf(field); {
	case field == "event_time":
		t, ok := parseTime(c.Value)
		if !ok {
			return out, fmt.Errorf("%s: want RFC 3339, a date and time, or Unix seconds, milliseconds, microseconds or nanoseconds, got %.80q", target, c.Value.Text)
		}
		out.Value = schemas.Str(t.UTC().Format(time.RFC3339Nano))
	case c.JSON:
		return out, nil
	case want == table.Text:
		out.Value = schemas.Str(textOf(c.Value))
	case want == table.Number:
		if out.Value, ok = numberOf(c.Value); !ok {
			return out, fmt.Errorf("%s: want a number, got %.80q", target, textOf(c.Value))
		}
	case want == table.Truth:
		if out.Value, ok = truthOf(c.Value); !ok {
			return out, fmt.Errorf("%s: want true or false, got %.80q", target, textOf(c.Value))
		}
	}
	return out, nil
}

func textOf(v schemas.Value) string {
	switch v.Kind {
	case schemas.Number:
		if v.Text != "" {
			return v.Text
		}
		return strconv.FormatFloat(v.Num, 'f', -1, 64)
	case schemas.True:
		return "true"
	case schemas.False:
		return "false"
	}
	return v.Text
}

func numberOf(v schemas.Value) (schemas.Value, bool) {
	switch v.Kind {
	case schemas.Number:
		return v, true
	case schemas.True:
		return schemas.Num(1), true
	case schemas.False:
		return schemas.Num(0), true
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(v.Text), 64)
	return schemas.Num(x + 0), err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

func truthOf(v schemas.Value) (schemas.Value, bool) {
	text := strings.ToLower(textOf(v))
	return schemas.Bool(text == "true" || text == "1"), text == "true" || text == "false" || text == "1" || text == "0"
}

// times are the forms in which tables write times; without a zone they are UTC.
var times = []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", time.DateOnly}

// parseTime reads a time. The unit of a number is told by its size: the years
// 1973 to 2199 overlap in none of them.
func parseTime(v schemas.Value) (time.Time, bool) {
	if x, ok := numberOf(v); ok && v.Kind != schemas.True && v.Kind != schemas.False {
		return unixTime(x.Num)
	}
	for _, form := range times {
		if t, err := time.Parse(form, strings.TrimSpace(v.Text)); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

func unixTime(x float64) (time.Time, bool) {
	unit := 1e9 // seconds
	for limit := 1e11; x >= limit && unit > 1; limit *= 1e3 {
		unit /= 1e3
	}
	if x < 0 || x*unit >= math.MaxInt64 {
		return time.Time{}, false
	}
	whole, part := math.Modf(x)
	return time.Unix(0, int64(whole)*int64(unit)+int64(math.Round(part*unit))), true
}
