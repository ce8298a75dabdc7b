package foreign

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"verdin/ingest/table"
	"verdin/schemas"
)

// Lines yields the events of a table as lines of a recording.
func (m *Map) Lines(rows table.Rows) table.Lines {
	if m.preset.wire != nil {
		rows = &pairs{Rows: rows, wire: m.preset.wire, waiting: map[string]*message{}, report: m}
	}
	return &lines{Rows: rows, m: m}
}

type lines struct {
	table.Rows
	m      *Map
	in     table.Row
	mapped table.Row
	queue  [][]byte
	rows   int64 // so far
	offset int64 // of the next line
}

// Next returns the next event of the current row, or of the next one.
func (l *lines) Next() ([]byte, int64, error) {
	for len(l.queue) == 0 {
		if err := l.Rows.Next(&l.in); err != nil {
			return nil, 0, err
		}
		l.rows++
		err := l.m.apply(&l.in, &l.mapped)
		if err == nil {
			err = l.events()
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", l.Where(), err)
		}
	}
	line := l.queue[0]
	l.queue = l.queue[1:]
	l.offset++
	return line, l.offset - 1, nil
}

var errNoArm = errors.New("no arm: name its column with --field arm=COLUMN, or the arm of the whole file with --set arm=stable")

// events queues the prediction of a mapped row and its outcomes.
func (l *lines) events() error {
	prediction := table.Row{}
	prediction.Add("type", schemas.Str("prediction"))
	outcomes := []*table.Row{}
	named := map[string]*table.Row{}
	for _, c := range l.mapped.Cells {
		target, ok := strings.CutPrefix(c.Path, outcomePrefix)
		if !ok {
			prediction.Cells = append(prediction.Cells, c)
			continue
		}
		name, field, _ := cutLast(target)
		o := named[name]
		if o == nil {
			o = &table.Row{}
			o.Add("type", schemas.Str("outcome"))
			o.Add("name", schemas.Str(name))
			named[name] = o
			outcomes = append(outcomes, o)
		}
		o.Cells = append(o.Cells, table.Cell{Path: field, Value: c.Value, JSON: c.JSON})
	}
	has := func(path string) bool { return prediction.Get(path).Value.Kind != schemas.Absent }
	outcomesOnly := len(outcomes) > 0 && (has("prediction_id") || has("unit_id")) && !l.predicts(&prediction)
	if !has("arm") && !outcomesOnly {
		if names := l.m.Unmet(); len(names) > 0 {
			return fmt.Errorf("%w; no row so far has %s", errNoArm, strings.Join(names, ", "))
		}
		return errNoArm
	}
	if !has("prediction_id") && has("arm") {
		prediction.Add("prediction_id", schemas.Str(fmt.Sprintf("row-%d", l.rows)))
		l.m.NoID++
	}
	if has("arm") {
		l.queue = append(l.queue, prediction.AppendLine(nil))
	}
	for _, o := range outcomes {
		if l.hasValue(o) {
			l.inherit(o, &prediction)
			l.queue = append(l.queue, o.AppendLine(nil))
		}
	}
	return nil
}

// predicts tells whether a row says anything of a prediction: more than which one
// it is and when, and more than constants.
func (l *lines) predicts(row *table.Row) bool {
	return slices.ContainsFunc(row.Cells, func(c table.Cell) bool {
		return !slices.Contains([]string{"type", "prediction_id", "unit_id", "rollout", "event_time"}, c.Path) &&
			l.m.set.Get(c.Path).Value.Kind == schemas.Absent
	})
}

// hasValue tells whether an outcome says anything: constants alone do not.
func (l *lines) hasValue(o *table.Row) bool {
	return o.Get("value").Value.Kind != schemas.Absent || o.Get("label").Value.Kind != schemas.Absent
}

// inherit gives an outcome what it shares with its row: which prediction or unit,
// and the time unless it has its own.
func (l *lines) inherit(o, from *table.Row) {
	paths := []string{"prediction_id", "event_time"}
	if from.Get("prediction_id").Value.Kind == schemas.Absent {
		paths[0] = "unit_id"
	}
	for _, path := range paths {
		if v := from.Get(path).Value; o.Get(path).Value.Kind == schemas.Absent {
			o.Add(path, v)
		}
	}
}
