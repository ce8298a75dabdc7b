package table

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"verdin/ingest/recording"
	"verdin/schemas"
)

// maxCSVRow bounds the bytes of a row: four times an event.
const maxCSVRow = 1 << 20

// csvRows reads a table with a header. A column's type is the contract's; where
// it has none, a column is of numbers or of truths if all its cells are, else of
// text. An empty cell is no value.
type csvRows struct {
	path  string
	src   *recording.Source
	in    *csv.Reader
	limit *rowLimit
	names []string
	kinds []kind
	line  int
}

func openCSV(path string) (*csvRows, error) {
	if path == recording.Stdin {
		return nil, errors.New("read table: CSV is read twice, once for the types of its columns: give a file")
	}
	probe, err := beginCSV(path)
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	kinds, err := probe.types()
	if err != nil {
		return nil, err
	}
	c, err := beginCSV(path)
	if err != nil {
		return nil, err
	}
	c.kinds = kinds
	return c, nil
}

// beginCSV opens a file and reads its header.
func beginCSV(path string) (*csvRows, error) {
	src, err := recording.OpenSource(path)
	if err != nil {
		return nil, err
	}
	c := &csvRows{path: path, src: src, limit: &rowLimit{in: src}}
	c.in = csv.NewReader(c.limit)
	c.in.ReuseRecord = true
	header, err := c.record()
	if err == io.EOF {
		err = fmt.Errorf("%s: no header: the first line names the columns", path)
	}
	seen := map[string]int{}
	for i, name := range header {
		name = strings.TrimPrefix(name, "\ufeff")
		if first, ok := seen[name]; ok || name == "" {
			err = fmt.Errorf("%s, line 1, column %d: the name %.80q is empty or column %d has it too: name every column once", path, i+1, name, first)
			break
		}
		seen[name] = i + 1
		c.names = append(c.names, name)
	}
	if err != nil {
		src.Close()
		return nil, err
	}
	return c, nil
}

// types reads all cells and says what each column holds.
func (c *csvRows) types() ([]kind, error) {
	kinds := make([]kind, len(c.names))
	for {
		record, err := c.record()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		for i, cell := range record {
			if k := guess(cell); cell != "" && kinds[i] != k {
				if kinds[i] != 0 {
					k = text
				}
				kinds[i] = k
			}
		}
	}
	for i, name := range c.names {
		if k := contract(name); k != 0 {
			kinds[i] = k
		}
	}
	return kinds, nil
}

// guess tells what a cell looks like. "007" is text: it is an id, not a number.
func guess(cell string) kind {
	switch cell {
	case "true", "false", "True", "False", "TRUE", "FALSE":
		return truth
	}
	if _, ok := parseNumber(cell); ok {
		return number
	}
	return text
}

// parseNumber reads a decimal number as JSON has them; a leading zero is none.
func parseNumber(s string) (float64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] < '0' || digits[0] > '9' || len(digits) > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9' ||
		strings.ContainsAny(s, "xXpP_nN") {
		return 0, false
	}
	x, err := strconv.ParseFloat(s, 64)
	return x + 0, err == nil
}

// record reads a line of the file.
func (c *csvRows) record() ([]string, error) {
	c.limit.left = maxCSVRow
	record, err := c.in.Read()
	if err == io.EOF {
		return nil, err
	}
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad) && errors.Is(err, csv.ErrFieldCount):
		return nil, fmt.Errorf("%s, line %d: %d columns, the header has %d", c.path, bad.Line, len(record), len(c.names))
	case errors.As(err, &bad):
		return nil, fmt.Errorf("%s, line %d, column %d: %w", c.path, bad.Line, bad.Column, bad.Err)
	case err != nil:
		return nil, fmt.Errorf("read table %s, after line %d: %w", c.path, c.line, err)
	}
	c.line, _ = c.in.FieldPos(0)
	return record, nil
}

// Next reads the next row.
func (c *csvRows) Next(row *Row) error {
	record, err := c.record()
	if err != nil {
		return err
	}
	row.Cells = row.Cells[:0]
	for i, cell := range record {
		if cell == "" {
			continue
		}
		v, ok := parse(cell, c.kinds[i])
		if !ok {
			return fmt.Errorf("%s, column %s: want %s, got %.80q", c.Where(), c.names[i], [...]string{number: "a number", truth: "true or false"}[c.kinds[i]], cell)
		}
		if c.kinds[i] == mixed {
			row.AddJSON(c.names[i], cell)
			continue
		}
		row.Add(c.names[i], v)
	}
	return nil
}

func parse(cell string, k kind) (schemas.Value, bool) {
	switch k {
	case number:
		x, ok := parseNumber(cell)
		return schemas.Value{Kind: schemas.Number, Num: x, Text: cell}, ok
	case truth:
		lower := strings.ToLower(cell)
		return schemas.Bool(lower == "true"), lower == "true" || lower == "false"
	}
	return schemas.Str(cell), true
}

// Where names the line of the last row.
func (c *csvRows) Where() string { return fmt.Sprintf("%s, line %d", c.path, c.line) }

// BytesRead is how much of the file was read.
func (c *csvRows) BytesRead() int64 { return c.src.BytesRead() }

// Close closes the file.
func (c *csvRows) Close() error { return c.src.Close() }

// rowLimit fails when a row grows beyond its bytes: a quote that is never closed
// must not read the file into memory.
type rowLimit struct {
	in   io.Reader
	left int
}

var errLongRow = fmt.Errorf("a row of more than %d KiB: is a quote not closed?", maxCSVRow>>10)

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLongRow
	}
	n, err := l.in.Read(p)
	l.left -= n
	return n, err
}

// csvWriter writes a table with a header.
type csvWriter struct {
	out     *csv.Writer
	columns *Columns
	record  []string
}

func newCSVWriter(out io.Writer, columns *Columns) (*csvWriter, error) {
	w := &csvWriter{csv.NewWriter(out), columns, make([]string, len(columns.paths))}
	return w, w.out.Write(columns.paths)
}

// Write writes a row.
func (w *csvWriter) Write(row *Row) error {
	clear(w.record)
	for _, c := range row.Cells {
		w.record[w.columns.index[c.Path]] = c.plain()
	}
	return w.out.Write(w.record)
}

// Close writes what is left.
func (w *csvWriter) Close() error {
	w.out.Flush()
	return w.out.Error()
}
