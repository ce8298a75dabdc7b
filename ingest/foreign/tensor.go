package foreign

import (
	"fmt"
	"slices"
	"sort"
	"strconv"

	"verdin/ingest/table"
	"verdin/schemas"
)

// instances reads the values of a body, one list of named cells for each
// instance of the batch. It knows the three ways of the inference protocols:
// V1 (instances, predictions), V2 (inputs, outputs) and Seldon's (data).
func instances(body *table.Row, name string) ([][]table.Cell, error) {
	for _, path := range []string{"instances", "predictions", "data.ndarray"} {
		if c := body.Get(path); c.JSON {
			var list []any
			if err := decode(c, &list); err != nil {
				return nil, err
			}
			names, err := columnNames(body)
			return rowsOf(list, name, names), err
		}
	}
	for _, path := range []string{"inputs", "outputs"} {
		if c := body.Get(path); c.JSON {
			return tensors(c, name)
		}
	}
	if c := body.Get("data.tensor.values"); c.JSON {
		var t tensor
		if err := decode(c, &t.Data); err != nil {
			return nil, err
		}
		if err := decode(body.Get("data.tensor.shape"), &t.Shape); err != nil {
			return nil, err
		}
		names, err := columnNames(body)
		return rowsOf(t.rows(), name, names), err
	}
	return nil, nil
}

// columnNames are the names that Seldon's data may have.
func columnNames(body *table.Row) (names []string, err error) {
	if c := body.Get("data.names"); c.JSON {
		err = decode(c, &names)
	}
	return names, err
}

// rowsOf names the values of each instance: of an object by its members, of an
// array by the names given or by position; a scalar has no name of its own.
func rowsOf(list []any, name string, names []string) [][]table.Cell {
	rows := make([][]table.Cell, len(list))
	for i, v := range list {
		switch v := v.(type) {
		case map[string]any:
			for _, member := range sortedNames(v) {
				rows[i] = appendScalar(rows[i], name+"."+member, v[member])
			}
		case []any:
			if len(v) == 1 && name == "output" {
				rows[i] = appendScalar(rows[i], name, v[0])
				continue
			}
			for j, x := range v {
				column := strconv.Itoa(j)
				if j < len(names) {
					column = names[j]
				}
				rows[i] = appendScalar(rows[i], name+"."+column, x)
			}
		default:
			rows[i] = appendScalar(rows[i], name, v)
		}
	}
	return rows
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// appendScalar adds a scalar; what lies deeper is left out.
func appendScalar(cells []table.Cell, path string, v any) []table.Cell {
	var row table.Row
	switch v := v.(type) {
	case float64:
		row.Add(path, schemas.Num(v))
	case string:
		row.Add(path, schemas.Str(v))
	case bool:
		row.Add(path, schemas.Bool(v))
	}
	return append(cells, row.Cells...)
}

// tensor is one input or output of the V2 protocol.
type tensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Data  []any  `json:"data"`
}

// rows cuts the data by the first dimension; data that are nested already stay.
func (t *tensor) rows() []any {
	if len(t.Shape) == 0 || t.Shape[0] <= 0 || len(t.Data)%t.Shape[0] != 0 || len(t.Data) == t.Shape[0] {
		return t.Data
	}
	width := len(t.Data) / t.Shape[0]
	rows := make([]any, 0, t.Shape[0])
	for chunk := range slices.Chunk(t.Data, width) {
		rows = append(rows, chunk)
	}
	return rows
}

// tensors reads the inputs or outputs of the V2 protocol. An only output has no
// name of its own; several values of one tensor are numbered.
func tensors(c table.Cell, name string) ([][]table.Cell, error) {
	var list []tensor
	if err := decode(c, &list); err != nil {
		return nil, err
	}
	var out [][]table.Cell
	for i := range list {
		t := &list[i]
		path := name + "." + t.Name
		if name == "output" && len(list) == 1 {
			path = name
		}
		rows := t.rows()
		if out == nil {
			out = make([][]table.Cell, len(rows))
		}
		if len(rows) != len(out) {
			return nil, fmt.Errorf("%s %q has %d rows, the one before has %d", c.Path, t.Name, len(rows), len(out))
		}
		for j, row := range rows {
			values, nested := row.([]any)
			if !nested {
				values = []any{row}
			}
			for k, v := range values {
				column := path
				if len(values) > 1 {
					column = path + "." + strconv.Itoa(k)
				}
				out[j] = appendScalar(out[j], column, v)
			}
		}
	}
	return out, nil
}
