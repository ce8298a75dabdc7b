package flags

import (
	"context"

	of "github.com/open-feature/go-sdk/openfeature"

	"verdin/schemas"
)

// Track makes an outcome event of a tracking event and hands it to the sink. The
// targeting key is the unit; the attributes prediction_id, label and identifier go to
// the fields of these names. The value is the attribute value (a number or a truth), else
// the value of the event if it is not 0, else true: it has happened. What names neither
// a unit nor a prediction joins nothing and is dropped.
func (p *Provider) Track(_ context.Context, name string, evaluation of.EvaluationContext, details of.TrackingEventDetails) {
	text := func(key string) string { s, _ := details.Attribute(key).(string); return s }
	o := &schemas.Outcome{UnitID: evaluation.TargetingKey(), PredictionID: text("prediction_id"), Name: name,
		Identifier: text("identifier"), EventTime: p.now().Std()}
	if p.sink == nil || name == "" || o.UnitID == "" && o.PredictionID == "" {
		return
	}
	if o.PredictionID != "" {
		o.UnitID = "" // one key joins, the finer one
	}
	o.Value = value(details)
	if label := text("label"); label != "" {
		o.Label = schemas.Str(label)
	}
	p.sink(o)
}

func value(d of.TrackingEventDetails) schemas.Value {
	switch v := d.Attribute("value").(type) {
	case float64:
		return schemas.Num(v)
	case int:
		return schemas.Num(float64(v))
	case int64:
		return schemas.Num(float64(v))
	case bool:
		return schemas.Bool(v)
	}
	if d.Value() != 0 {
		return schemas.Num(d.Value())
	}
	return schemas.Bool(true)
}
