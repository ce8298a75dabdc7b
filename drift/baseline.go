package drift

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrBaseline is wrapped by every error of ReadBaseline.
var ErrBaseline = errors.New("drift: the baseline cannot be read: make it again from history")

const (
	baselineFormat  = "verdin.baseline"
	baselineVersion = 1
	mostBaseline    = 64 << 20 // bytes of a file
	mostReferences  = 10_000
)

// Baseline is what history says about the features of a rollout: where the bins of each
// lie, and how many rows of the reference fell in them.
type Baseline struct {
	Rollout  string      `json:"rollout"`
	Features []Reference `json:"features"`
}

// Reference is the baseline of one feature: either Edges or Categories are set.
type Reference struct {
	Field      string
	Edges      *Edges      // numbers: also lengths, scores, ages
	Categories *Categories // names: also classes, booleans
	Counts     []int64     // by bin
	Odd        []int64     // by Odd, Missing first
}

// NewReference is the reference of a feature of numbers whose rows h has counted.
func NewReference(field string, h *Histogram) Reference {
	bins := h.edges.Bins()
	return Reference{Field: field, Edges: h.edges, Counts: slices.Clone(h.counts[:bins]), Odd: slices.Clone(h.counts[bins:])}
}

// NewCategoryReference is the reference of a feature of names; missing are its rows
// without a value.
func NewCategoryReference(field string, seen []Named, k int, missing int64) (Reference, error) {
	c, err := LearnCategories(seen, k)
	if err != nil {
		return Reference{}, fmt.Errorf("baseline of %s: %w", field, err)
	}
	r := Reference{Field: field, Categories: c, Counts: make([]int64, c.Bins()), Odd: make([]int64, odds)}
	for _, s := range seen {
		r.Counts[c.Bin(s.Name)] += max(s.N, 0)
	}
	r.Odd[Missing] = max(missing, 0)
	return r, nil
}

// Feature finds the reference of a field.
func (b *Baseline) Feature(field string) (Reference, bool) {
	for _, r := range b.Features {
		if r.Field == field {
			return r, true
		}
	}
	return Reference{}, false
}

// document is the file: one JSON object, version 1.
type document struct {
	Format   string          `json:"format"`
	Version  int             `json:"version"`
	Rollout  string          `json:"rollout"`
	Features []fileReference `json:"features"`
}

type fileReference struct {
	Field  string    `json:"field"`
	Kind   string    `json:"kind"` // "number" or "category"
	Hash   string    `json:"hash,omitempty"`
	Cuts   []float64 `json:"cuts,omitempty"`
	Top    []string  `json:"top,omitempty"`
	Rest   []string  `json:"rest,omitempty"`
	Counts []int64   `json:"counts"`
	Odd    fileOdd   `json:"odd"`
}

type fileOdd struct {
	Missing          int64 `json:"missing"`
	NotANumber       int64 `json:"not_a_number"`
	PositiveInfinity int64 `json:"positive_infinity"`
	NegativeInfinity int64 `json:"negative_infinity"`
	WrongType        int64 `json:"wrong_type"`
}

// Append writes the baseline as JSON, one line a feature, and a final newline. Equal
// baselines give equal bytes.
func (b *Baseline) Append(out []byte) ([]byte, error) {
	head, err := json.Marshal(document{Format: baselineFormat, Version: baselineVersion, Rollout: b.Rollout, Features: []fileReference{}})
	if err != nil {
		return out, fmt.Errorf("write baseline of %q: %w", b.Rollout, err)
	}
	out = append(out, head[:len(head)-2]...)
	for i, r := range b.Features {
		line, err := json.Marshal(r.file())
		if err != nil {
			return out, fmt.Errorf("write baseline of feature %q: %w", r.Field, err)
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, '\n'), line...)
	}
	return append(out, "\n]}\n"...), nil
}

func (r *Reference) file() fileReference {
	odd := make([]int64, odds)
	copy(odd, r.Odd)
	f := fileReference{Field: r.Field, Kind: "category", Counts: r.Counts, Odd: fileOdd{odd[0], odd[1], odd[2], odd[3], odd[4]}}
	if r.Edges != nil {
		f.Kind, f.Hash, f.Cuts = "number", fmt.Sprintf("%016x", r.Edges.hash), r.Edges.cuts
	} else if r.Categories != nil {
		f.Top, f.Rest = r.Categories.top, r.Categories.rest
	}
	return f
}

// ReadBaseline reads what Append wrote. It refuses unknown and repeated keys, edges that
// do not ascend or do not fit their hash, counts that are negative or of another
// number of bins, and anything behind the object.
func ReadBaseline(file []byte) (*Baseline, error) {
	if len(file) > mostBaseline {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are read", ErrBaseline, len(file), mostBaseline)
	}
	if err := repeats(json.NewDecoder(bytes.NewReader(file))); err != nil {
		return nil, err
	}
	var doc document
	d := json.NewDecoder(bytes.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("%w: byte %d: %w", ErrBaseline, d.InputOffset(), err)
	}
	if doc.Format != baselineFormat || doc.Version != baselineVersion {
		return nil, fmt.Errorf("%w: it says format %q version %d, this build reads %q version %d", ErrBaseline, doc.Format, doc.Version, baselineFormat, baselineVersion)
	}
	if len(doc.Features) > mostReferences {
		return nil, fmt.Errorf("%w: %d features, at most %d are read", ErrBaseline, len(doc.Features), mostReferences)
	}
	b := &Baseline{Rollout: doc.Rollout}
	for i := range doc.Features {
		r, err := doc.Features[i].reference()
		if err == nil {
			if _, twice := b.Feature(r.Field); twice {
				err = errors.New("it stands twice")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%w: feature %q: %w", ErrBaseline, doc.Features[i].Field, err)
		}
		b.Features = append(b.Features, r)
	}
	return b, nil
}

func (f *fileReference) reference() (r Reference, err error) {
	r = Reference{Field: f.Field, Counts: f.Counts, Odd: []int64{f.Odd.Missing, f.Odd.NotANumber, f.Odd.PositiveInfinity, f.Odd.NegativeInfinity, f.Odd.WrongType}}
	bins := 0
	switch {
	case f.Field == "":
		return r, errors.New("it has no name")
	case f.Kind == "number" && len(f.Top)+len(f.Rest) == 0:
		if r.Edges, err = NewEdges(f.Cuts); err != nil {
			return r, err
		}
		if want := fmt.Sprintf("%016x", r.Edges.hash); f.Hash != want {
			return r, fmt.Errorf("its hash is %q, that of its cuts is %s", f.Hash, want)
		}
		bins = r.Edges.Bins()
	case f.Kind == "category" && len(f.Cuts) == 0 && f.Hash == "":
		if r.Categories, err = newCategories(f.Top, f.Rest); err != nil {
			return r, err
		}
		bins = r.Categories.Bins()
	default:
		return r, fmt.Errorf("kind %q does not go with its bins: want number with cuts, or category with top", f.Kind)
	}
	if len(f.Counts) != bins {
		return r, fmt.Errorf("%d counts for %d bins", len(f.Counts), bins)
	}
	for _, n := range slices.Concat(r.Counts, r.Odd) {
		if n < 0 || n > mostEvents {
			return r, fmt.Errorf("a count is %d, want 0 to %d", n, int64(mostEvents))
		}
	}
	return r, nil
}

// repeats refuses keys that stand twice in one object, in any case of letters, and
// anything behind the first value.
func repeats(d *json.Decoder) error {
	type level struct {
		object, key bool
		seen        map[string]bool
	}
	var open []level
	for done := false; ; {
		token, err := d.Token()
		switch {
		case errors.Is(err, io.EOF) && done:
			return nil
		case err != nil:
			return fmt.Errorf("%w: byte %d: %w", ErrBaseline, d.InputOffset(), err)
		case done:
			return fmt.Errorf("%w: byte %d: something follows its end", ErrBaseline, d.InputOffset())
		}
		if delim, ok := token.(json.Delim); ok && (delim == '{' || delim == '[') {
			if len(open) > 0 {
				open[len(open)-1].key = true
			}
			open = append(open, level{object: delim == '{', key: true, seen: map[string]bool{}})
			continue
		} else if ok {
			open = open[:len(open)-1]
		} else if top := len(open) - 1; top >= 0 && open[top].object {
			if name, isName := token.(string); open[top].key && isName {
				if name = strings.ToLower(name); open[top].seen[name] {
					return fmt.Errorf("%w: byte %d: the key %q stands twice", ErrBaseline, d.InputOffset(), name)
				}
				open[top].seen[name] = true
				open[top].key = false
				continue
			}
			open[top].key = true
		}
		done = len(open) == 0
	}
}
