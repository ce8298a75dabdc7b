package table

import (
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"verdin/schemas"
)

// Cell is one value of a row. A value that is no scalar is JSON text: an array,
// an object, or a number beyond float64. A number that was read from text keeps
// that text.
type Cell struct {
	Path  string
	Value schemas.Value
	JSON  bool
}

// Row is an event, or a row of another system's table.
type Row struct{ Cells []Cell }

// Add appends a cell; absent and null values are left out.
func (r *Row) Add(path string, v schemas.Value) {
	if v.Kind > schemas.Null {
		r.Cells = append(r.Cells, Cell{Path: path, Value: v})
	}
}

// AddJSON appends a cell of JSON text.
func (r *Row) AddJSON(path, text string) {
	r.Cells = append(r.Cells, Cell{path, schemas.Str(text), true})
}

// Get returns the value at a path, Absent if there is none.
func (r *Row) Get(path string) Cell {
	for _, c := range r.Cells {
		if c.Path == path {
			return c
		}
	}
	return Cell{Path: path}
}

// objects are the members of an event that hold others.
var objects = []string{"features", "metrics", "scores", "tags"}

const (
	evaluations = "evaluations"
	position    = "@pos"
)

// split cuts a path into the object that it lies in and the rest: "", path for a
// member of the event itself.
func split(path string) (object, rest string) {
	switch path {
	case "@topic", "@partition", "@offset":
		return position, path[1:]
	}
	if object, rest, ok := strings.Cut(path, "."); ok {
		for _, o := range objects {
			if o == object {
				return object, rest
			}
		}
		if i := strings.LastIndexByte(rest, '.'); object == evaluations && i > 0 && i < len(rest)-1 {
			return evaluations, rest
		}
	}
	return "", path
}

// AppendLine appends the row as a line of a recording.
func (r *Row) AppendLine(dst []byte) []byte {
	dst = append(dst, '{')
	first := true
	for i, c := range r.Cells {
		object, _ := split(c.Path)
		if object != "" && r.begun(i, object) {
			continue // written with the first of them
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		switch object {
		case "":
			dst = appendCell(dst, c.Path, c)
		case evaluations:
			dst = r.appendEvaluations(append(dst, `"evaluations":`...), i)
		default:
			dst = r.appendObject(appendName(dst, object), i, object)
		}
	}
	return append(dst, '}', '\n')
}

// begun tells whether a cell before i lies in the object.
func (r *Row) begun(i int, object string) bool {
	for _, c := range r.Cells[:i] {
		if o, _ := split(c.Path); o == object {
			return true
		}
	}
	return false
}

func (r *Row) appendObject(dst []byte, from int, object string) []byte {
	dst = append(dst, '{')
	for i, c := range r.Cells[from:] {
		if o, name := split(c.Path); o == object {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendCell(dst, name, c)
		}
	}
	return append(dst, '}')
}

// appendEvaluations writes one element for each name, in order of appearance.
func (r *Row) appendEvaluations(dst []byte, from int) []byte {
	dst = append(dst, '[')
	done := map[string]bool{}
	for _, c := range r.Cells[from:] {
		name, _, ok := judge(c.Path)
		if !ok || done[name] {
			continue
		}
		if len(done) > 0 {
			dst = append(dst, ',')
		}
		done[name] = true
		dst = appendCell(append(dst, '{'), "name", Cell{Value: schemas.Str(name)})
		for _, c := range r.Cells[from:] {
			if n, member, ok := judge(c.Path); ok && n == name {
				dst = appendCell(append(dst, ','), member, c)
			}
		}
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// judge cuts "evaluations.NAME.member"; NAME may have dots, the member has none.
func judge(path string) (name, member string, ok bool) {
	object, rest := split(path)
	if object != evaluations {
		return "", "", false
	}
	i := strings.LastIndexByte(rest, '.')
	return rest[:i], rest[i+1:], true
}

func appendName(dst []byte, name string) []byte {
	text, _ := schemas.Str(name).MarshalJSON() // fails for no value
	return append(append(dst, text...), ':')
}

func appendCell(dst []byte, name string, c Cell) []byte {
	dst = appendName(dst, name)
	if c.JSON {
		return append(dst, c.Value.Text...)
	}
	text, _ := c.Value.MarshalJSON() // fails for no value
	return append(dst, text...)
}

// addNumber adds a number that JSON can carry; NaN and infinity are no value.
func (r *Row) addNumber(path string, x float64) {
	if !math.IsNaN(x) && !math.IsInf(x, 0) {
		r.Add(path, schemas.Num(x+0))
	}
}

// addInteger adds an integer; its text keeps all digits for ids.
func (r *Row) addInteger(path string, n int64) {
	r.Add(path, schemas.Value{Kind: schemas.Number, Num: float64(n), Text: strconv.FormatInt(n, 10)})
}

// addJSON adds a value of a column of JSON text; text that is none stays text.
func addJSON(r *Row, path, v string) {
	raw := jsontext.Value(v)
	if !raw.IsValid() || value(raw, path, r) != nil {
		r.Add(path, schemas.Str(v))
	}
}
