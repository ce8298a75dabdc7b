package calibrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// All stands in a spec for every feature that history has.
const All = "features.*"

// ErrFeatures is wrapped by errors about features.* in a spec.
var ErrFeatures = errors.New("calibrate: features.*")

// FeatureNames reads up to so many lines of a recording and returns the paths of the
// features that its predictions have, in order.
func FeatureNames(next func() (line []byte, offset int64, err error), most int) ([]string, error) {
	seen := map[string]bool{}
	for range most {
		line, _, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		var event struct {
			Features map[string]json.RawMessage `json:"features"`
			Data     struct {
				Features map[string]json.RawMessage `json:"features"`
			} `json:"data"`
		}
		if json.Unmarshal(line, &event) != nil {
			continue // the decoder will account for it
		}
		for _, m := range []map[string]json.RawMessage{event.Features, event.Data.Features} {
			for name := range m {
				seen["features."+name] = true
			}
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

var allFeatures = regexp.MustCompile(`(?m)^(\s*-\s*|.*?)(["']?)features\.\*(["']?)`)

// Expand writes the features that history has into a spec's text wherever it says
// features.*: alone, in a list in brackets, or as an item of a list.
func Expand(spec []byte, features []string) ([]byte, error) {
	if !strings.Contains(string(spec), All) {
		return spec, nil
	}
	if len(features) == 0 {
		return nil, fmt.Errorf("%w: no prediction of the recording has features: list the fields to watch", ErrFeatures)
	}
	quoted := make([]string, len(features))
	for i, f := range features {
		b, err := json.Marshal(f)
		if err != nil {
			return nil, fmt.Errorf("%w: %q: %w", ErrFeatures, f, err)
		}
		quoted[i] = string(b)
	}
	out := allFeatures.ReplaceAllStringFunc(string(spec), func(s string) string {
		before := allFeatures.FindStringSubmatch(s)[1]
		switch trimmed := strings.TrimSpace(before); {
		case trimmed == "-":
			return before + strings.Join(quoted, "\n"+before)
		case strings.HasSuffix(trimmed, "[") || strings.HasSuffix(trimmed, ","):
			return before + strings.Join(quoted, ", ")
		}
		return before + "[" + strings.Join(quoted, ", ") + "]"
	})
	return []byte(out), nil
}
