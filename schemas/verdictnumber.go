package schemas

import (
	"encoding/json"
	"math"
)

// A number that is no number is written as null, since JSON has none: it is read
// back as NaN, so that a payload that was read can be written again.

// UnmarshalJSON reads null, and a number that is absent, as NaN.
func (c *Check) UnmarshalJSON(b []byte) error {
	nan := math.NaN()
	type plain Check // without this method
	p := plain{LogE: nan, LogEMax: nan, P: nan, Threshold: nan, Value: [2]float64{nan, nan}, Info: nan}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*c = Check(p)
	return nil
}

// UnmarshalJSON reads null, and a number that is absent, as NaN.
func (i *Interval) UnmarshalJSON(b []byte) error {
	nan := math.NaN()
	type plain Interval // without this method
	p := plain{Estimate: nan, Low: nan, High: nan, Level: nan}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*i = Interval(p)
	return nil
}
