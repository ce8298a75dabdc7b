package bench

import (
	"bytes"
	"fmt"
	"strings"
)

// Report is one part of the page of operating characteristics, and its figures.
type Report struct {
	Part    string // the name in the page's marks
	Text    string // Markdown
	Figures []Figure
	Broken  []string // bars that are not met, one line each
}

// Figure is a plot in a file of its own.
type Figure struct {
	Name string // of the file
	SVG  []byte
}

// Section appends a heading, words and a table.
func (r *Report) Section(title, words string, t Table) {
	r.Text += fmt.Sprintf("### %s\n\n%s\n\n%s\n", title, strings.TrimSpace(words), t.Markdown())
}

// Draw appends a figure, in a file of its own.
func (r *Report) Draw(name, caption string, svg []byte) {
	r.Figures = append(r.Figures, Figure{name, svg})
	r.Text += fmt.Sprintf("![%s](figures/%s)\n\n", caption, name)
}

// Break notes a bar that is not met.
func (r *Report) Break(format string, args ...any) {
	r.Broken = append(r.Broken, fmt.Sprintf(format, args...))
}

// Insert replaces the part's text between its marks in a page. The rest of the page is
// left as it is; a page without the marks is refused.
func (r *Report) Insert(page []byte) ([]byte, error) {
	begin, end := fmt.Appendf(nil, "<!-- bench %s: begin -->\n", r.Part), fmt.Appendf(nil, "<!-- bench %s: end -->", r.Part)
	i, j := bytes.Index(page, begin), bytes.Index(page, end)
	if i < 0 || j < i {
		return nil, fmt.Errorf("the page has no part between %q and %q: write both lines where it shall stand", bytes.TrimSpace(begin), end)
	}
	i += len(begin)
	return bytes.Join([][]byte{page[:i], []byte(strings.TrimSpace(r.Text) + "\n"), page[j:]}, []byte("\n")), nil
}
