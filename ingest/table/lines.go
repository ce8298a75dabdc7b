package table

import (
	"fmt"

	"verdin/ingest/recording"
)

// Lines yields the lines of a recording, whatever its file's format. A line is
// valid until the next call.
type Lines interface {
	Next() (line []byte, offset int64, err error) // io.EOF at the clean end
	Where() string                                // of the line that Next returned: "events.csv, line 12"
	BytesRead() int64                             // of the file; it may be called while another goroutine reads
	Close() error
}

// Rows yields the rows of a table. Next overwrites the row.
type Rows interface {
	Next(*Row) error // io.EOF at the clean end
	Where() string
	BytesRead() int64
	Close() error
}

// OpenLines opens a file of events: its format is told by its name.
func OpenLines(path string) (Lines, error) {
	if FormatOf(path) == NDJSON {
		return openNDJSON(path)
	}
	rows, err := OpenRows(path)
	if err != nil {
		return nil, err
	}
	return &rowLines{Rows: rows}, nil
}

// OpenRows opens a table: its format is told by its name.
func OpenRows(path string) (Rows, error) {
	switch FormatOf(path) {
	case NDJSON:
		lines, err := openNDJSON(path)
		return jsonRows{lines}, err
	case Arrow:
		return openArrow(path)
	case CSV:
		return openCSV(path)
	case Parquet:
		return openParquet(path)
	}
	return nil, UnknownFormat(path)
}

// ndjson is a recording in its own format.
type ndjson struct {
	*recording.Reader
	path   string
	offset int64
}

func openNDJSON(path string) (*ndjson, error) {
	r, err := recording.Open(path)
	return &ndjson{Reader: r, path: path}, err
}

// Next returns the next line.
func (n *ndjson) Next() (line []byte, offset int64, err error) {
	line, n.offset, err = n.Reader.Next()
	return line, n.offset, err
}

// Where names the line, not counting blank ones.
func (n *ndjson) Where() string { return fmt.Sprintf("%s, line %d", n.path, n.offset+1) }

// jsonRows are the objects of another system's log, one a line.
type jsonRows struct{ *ndjson }

// Next reads the next object.
func (j jsonRows) Next(row *Row) error {
	line, _, err := j.ndjson.Next()
	if err != nil {
		return err
	}
	row.Cells = row.Cells[:0]
	if err := Flatten(line, row); err != nil {
		return fmt.Errorf("%s: %w", j.Where(), err)
	}
	return nil
}

// rowLines prints the rows of a table of events.
type rowLines struct {
	Rows
	row  Row
	line []byte
	n    int64
}

// Next prints the next row.
func (l *rowLines) Next() ([]byte, int64, error) {
	if err := l.Rows.Next(&l.row); err != nil {
		return nil, 0, err
	}
	l.line = l.row.AppendLine(l.line[:0])
	l.n++
	return l.line, l.n - 1, nil
}
