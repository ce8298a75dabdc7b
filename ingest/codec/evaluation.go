package codec

import (
	"strings"

	"verdin/schemas"
)

// evaluationColumns finds the columns of evaluations.<name>.score and .label.
func evaluationColumns(l *schemas.Layout) map[string][2]int {
	columns := map[string][2]int{}
	for col, path := range l.Fields[schemas.KindPrediction] {
		name, ok := strings.CutPrefix(path, "evaluations.")
		for i, suffix := range []string{".score", ".label"} {
			if name, found := strings.CutSuffix(name, suffix); ok && found {
				c, known := columns[name]
				if !known {
					c = [2]int{-1, -1}
				}
				c[i] = col
				columns[name] = c
			}
		}
	}
	return columns
}

// judgement is one element of evaluations. Its name may come last, so score and
// label wait here.
type judgement struct {
	name         schemas.Text
	score, label schemas.Cell
}

// evaluationList walks over the array of evaluations.
func (d *Decoder) evaluationList() bool {
	ok := d.enter()
	for n := 0; ok && d.element(n); n++ {
		if d.peek() != '{' {
			d.complain(schemas.RejectType, "evaluations: want objects in the array")
			ok = d.skip()
			continue
		}
		mark := len(d.chunk.Arena)
		d.judged = judgement{}
		ok = d.object(d.evaluation)
		if ok && !d.storeEvaluation() {
			d.chunk.Arena = d.chunk.Arena[:mark]
		}
	}
	return ok && d.reason == ""
}

func (d *Decoder) takeEvaluation(to target, c schemas.Cell, b []byte) {
	switch to {
	case toEvaluationName:
		d.judged.name = d.chunk.Intern(b)
	case toEvaluationScore:
		d.judged.score = c
	case toEvaluationLabel:
		c.Text = d.chunk.Intern(b)
		d.judged.label = c
	}
}

// storeEvaluation puts a judgement into its columns, if it has any. Of several
// with one name the first counts.
func (d *Decoder) storeEvaluation() bool {
	columns, ok := d.evaluations[string(d.chunk.Bytes(d.judged.name))]
	if !ok {
		return false
	}
	for i, v := range [2]schemas.Cell{d.judged.score, d.judged.label} {
		if col := columns[i]; col >= 0 && d.row.kindOf(col) == schemas.Absent {
			d.row.set(col, v)
		}
	}
	return true
}
