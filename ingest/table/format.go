package table

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Format is the format of a file.
type Format string

const (
	NDJSON  Format = "NDJSON"
	Arrow   Format = "Arrow IPC"
	CSV     Format = "CSV"
	Parquet Format = "Parquet"
)

// FormatOf tells the format by the name, "" if it is unknown. Standard input and
// output, "-", are NDJSON.
func FormatOf(path string) Format {
	name := filepath.Base(path)
	plain := strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	switch ext := filepath.Ext(plain); {
	case name == "-" || ext == ".ndjson" || ext == ".jsonl":
		return NDJSON
	case ext == ".csv":
		return CSV
	case plain != name: // columnar files pack their columns themselves
	case ext == ".arrow" || ext == ".feather":
		return Arrow
	case ext == ".parquet" || ext == ".pq":
		return Parquet
	}
	return ""
}

// UnknownFormat says which names there are.
func UnknownFormat(path string) error {
	return fmt.Errorf("format of %s: want a name that ends with .ndjson, .jsonl or .csv (also .gz, .zst), .arrow, .feather or .parquet", path)
}
