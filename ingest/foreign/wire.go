package foreign

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"verdin/ingest/table"
	"verdin/schemas"
)

// wire is how a logger of requests and responses names things.
type wire struct {
	request, response, feedback string   // types
	kind, id                    []string // columns, the first that is there counts
	renamed                     map[string]string
}

var (
	kserve = &wire{
		request:  "org.kubeflow.serving.inference.request",
		response: "org.kubeflow.serving.inference.response",
		kind:     []string{"type", "reqType"}, id: []string{"id"},
		renamed: map[string]string{"inferenceService": "inferenceservicename", "sourceUri": "source"},
	}
	seldon = &wire{
		request:  "io.seldon.serving.inference.request",
		response: "io.seldon.serving.inference.response",
		feedback: "io.seldon.serving.feedback",
		kind:     []string{"type"}, id: []string{"requestid", "id"},
	}
)

// envelope are the columns that tell how a message was sent; the row keeps all
// others.
var envelope = []string{
	"specversion", "id", "type", "reqType", "requestid", "time", "datacontenttype", "contentType", "dataschema", "data_base64", "bytes",
	"url", "certName", "tlsSkipVerify", "recordedtime", "traceparent",
}

// maxWaiting bounds the messages that wait for their partner: the oldest give up.
const maxWaiting = 1 << 16

// message is one half of a prediction.
type message struct {
	about  table.Row // the envelope's columns
	time   time.Time
	values [][]table.Cell // named values, for each instance of the batch
}

// pairs joins requests with responses and yields one row for each instance.
type pairs struct {
	table.Rows
	*wire
	report  *Map
	waiting map[string]*message // by kind and id
	order   []string
	ready   []table.Row
}

// Next returns the next prediction.
func (p *pairs) Next(row *table.Row) error {
	for len(p.ready) == 0 {
		var in table.Row
		err := p.Rows.Next(&in)
		if err == io.EOF {
			p.report.Unpaired += int64(len(p.waiting))
			clear(p.waiting)
		}
		if err != nil {
			return err
		}
		if err := p.take(&in); err != nil {
			return fmt.Errorf("%s: %w", p.Where(), err)
		}
	}
	row.Cells = append(row.Cells[:0], p.ready[0].Cells...)
	p.ready = p.ready[1:]
	return nil
}

// take reads a message and joins it with the one it belongs to.
func (p *pairs) take(in *table.Row) error {
	kind, id := first(in, p.kind), first(in, p.id)
	if kind != p.request && kind != p.response && (kind != p.feedback || kind == "") {
		return fmt.Errorf("a message of type %.80q: want %s or %s", kind, p.request, p.response)
	}
	if id == "" {
		return errors.New("a message without an id: requests and responses are joined by it")
	}
	body, err := content(in)
	if err != nil {
		return err
	}
	m, err := p.read(in, kind, body)
	if err != nil {
		return err
	}
	if kind == p.feedback {
		m.about = table.Row{} // no prediction: what was judged is in the log already
		m.about.Add("id", schemas.Str(id))
		m.about.Add("reward", body.Get("reward").Value)
		m.addTime()
		p.ready = append(p.ready, m.about)
		return nil
	}
	partner := p.response
	if kind == p.response {
		partner = p.request
	}
	other := p.waiting[partner+id]
	if other == nil {
		p.wait(kind+id, m)
		return nil
	}
	delete(p.waiting, partner+id)
	if kind == p.response {
		p.join(id, other, m)
	} else {
		p.join(id, m, other)
	}
	return nil
}

// wait keeps a message until its partner comes.
func (p *pairs) wait(key string, m *message) {
	if p.waiting[key] != nil {
		p.report.Unpaired++ // the same message again
	} else {
		p.order = append(p.order, key)
	}
	p.waiting[key] = m
	for len(p.waiting) > maxWaiting {
		if p.waiting[p.order[0]] != nil {
			delete(p.waiting, p.order[0])
			p.report.Unpaired++
		}
		p.order = p.order[1:]
	}
}

// join makes the rows of a request and its response.
func (p *pairs) join(id string, request, response *message) {
	for i := range max(len(request.values), len(response.values)) {
		row := table.Row{}
		name := id
		if len(response.values) > 1 {
			name += "-" + strconv.Itoa(i)
		}
		row.Add("id", schemas.Str(name))
		row.Cells = append(row.Cells, response.about.Cells...)
		for _, c := range request.about.Cells {
			if row.Get(c.Path).Value.Kind == schemas.Absent {
				row.Cells = append(row.Cells, c)
			}
		}
		done := *response
		if done.time.IsZero() {
			done.time = request.time
		}
		done.about = row
		done.addTime()
		if !request.time.IsZero() && response.time.After(request.time) {
			done.about.Add("latency", schemas.Num(response.time.Sub(request.time).Seconds()))
		}
		for _, m := range []*message{request, response} {
			if i < len(m.values) {
				done.about.Cells = append(done.about.Cells, m.values[i]...)
			}
		}
		p.ready = append(p.ready, done.about)
	}
}

// addTime adds the time to the row, if it is known.
func (m *message) addTime() {
	if !m.time.IsZero() {
		m.about.Add("time", schemas.Str(m.time.UTC().Format(time.RFC3339Nano)))
	}
}

// first returns the first of some columns that is there.
func first(in *table.Row, columns []string) string {
	for _, c := range columns {
		if v := in.Get(c).Value; v.Kind != schemas.Absent {
			return textOf(v)
		}
	}
	return ""
}

// read takes a message apart.
func (p *pairs) read(in *table.Row, kind string, body *table.Row) (*message, error) {
	m := &message{}
	for _, c := range in.Cells {
		if to, ok := p.renamed[c.Path]; ok {
			c.Path = to
		}
		if _, data := cutPrefix(c.Path, "data."); !data && !slices.Contains(envelope, c.Path) {
			m.about.Cells = append(m.about.Cells, c)
		}
	}
	if v := in.Get("time").Value; v.Kind != schemas.Absent {
		t, ok := parseTime(v)
		if !ok {
			return nil, fmt.Errorf("time %.80q: want RFC 3339", textOf(v))
		}
		m.time = t
	}
	var err error
	switch kind {
	case p.request:
		m.values, err = instances(body, "input")
	case p.response:
		m.values, err = instances(body, "output")
	}
	return m, err
}

// content returns the members of a message's body: of an envelope's data, or of
// bytes in base64.
func content(in *table.Row) (*table.Row, error) {
	body := &table.Row{}
	for _, column := range []string{"data_base64", "bytes"} {
		packed := in.Get(column).Value
		if packed.Kind != schemas.String {
			continue
		}
		text, err := base64.StdEncoding.DecodeString(packed.Text)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", column, err)
		}
		return body, table.Flatten(text, body)
	}
	for _, c := range in.Cells {
		if name, ok := cutPrefix(c.Path, "data."); ok {
			c.Path = name
			body.Cells = append(body.Cells, c)
		}
	}
	return body, nil
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return "", false
}

// decode reads JSON text of a body.
func decode(c table.Cell, into any) error {
	if err := json.Unmarshal([]byte(c.Value.Text), into); err != nil {
		return fmt.Errorf("%s: %w", c.Path, err)
	}
	return nil
}
