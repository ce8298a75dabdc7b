package decision

import (
	"fmt"
	"strings"

	"verdin/schemas"
)

// Baseline is a file of reference distributions that drift checks name. Once a spec is
// bound to it, its bytes travel with the spec: attached to its text as comments, so
// that a journal and a recording hold what was decided from, whatever becomes of the
// file. Checks and verdicts know it by its digest.
type Baseline struct {
	Digest string // "sha256:…" of Text
	Text   string
}

// MostBaselines is the greatest size of all baselines of a spec, in bytes: they must fit
// into one record of the journal, and into one message.
const MostBaselines = 512 << 10

const (
	attachHead = "# baseline "
	attachLine = "#| "
)

// NewBaseline names a file's bytes by their digest.
func NewBaseline(text []byte) Baseline {
	return Baseline{Digest: schemas.Digest(text), Text: string(text)}
}

// Baseline finds an attached baseline by its digest.
func (s *Spec) Baseline(digest string) (Baseline, bool) {
	for _, b := range s.Baselines {
		if b.Digest == digest {
			return b, true
		}
	}
	return Baseline{}, false
}

// Text is the effective spec with its baselines, which Parse reads back to an equal Spec.
func (s *Spec) Text() []byte {
	out := s.YAML()
	for _, b := range s.Baselines {
		out = append(out, attachHead+b.Digest+"\n"...)
		for line := range strings.SplitSeq(b.Text, "\n") {
			out = append(out, attachLine+line+"\n"...)
		}
	}
	return out
}

// detach takes the baselines off a spec's text; each must have the digest that it is
// attached by. Without any the text stays as it is.
func detach(data []byte, name string) (spec []byte, all []Baseline, err error) {
	text := string(data)
	at := strings.Index("\n"+text, "\n"+attachHead)
	if at < 0 {
		return data, nil, nil
	}
	lines := strings.Split(strings.TrimSuffix(text[at:], "\n"), "\n")
	first := strings.Count(text[:at], "\n") + 1
	size := 0
	for i := 0; i < len(lines); {
		digest, head := strings.CutPrefix(lines[i], attachHead)
		if !head {
			return nil, nil, misattached(name, first+i, lines[i], "a line between baselines is not theirs")
		}
		from := i
		var body []string
		for i++; i < len(lines); i++ {
			line, more := strings.CutPrefix(lines[i], attachLine)
			if !more {
				break
			}
			body = append(body, line)
		}
		b := NewBaseline([]byte(strings.Join(body, "\n")))
		if size += len(b.Text); size > MostBaselines {
			return nil, nil, misattached(name, first+from, lines[from], fmt.Sprintf("the attached baselines have more than %d bytes", MostBaselines))
		}
		if b.Digest != digest {
			return nil, nil, misattached(name, first+from, lines[from], "the baseline attached here has changed: its digest is "+b.Digest)
		}
		all = append(all, b)
	}
	return data[:at], all, nil
}

func misattached(name string, line int, source, message string) error {
	if len(source) > 80 {
		source = source[:80]
	}
	return &SpecError{File: name, Line: line, Column: 1, Message: message, Remedy: "take the spec and its baseline files again", Source: strings.ToValidUTF8(source, "?")}
}
