package bench

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

// TestFiguresAreXML: whatever stands in a label, a drawing can be read.
func TestFiguresAreXML(t *testing.T) {
	series := []Series{{"a <b> & c", []float64{0, 50, math.NaN()}}, {"d", []float64{120, 1, 2}}}
	for name, drawing := range map[string][]byte{
		"dots":  Dots("1 < 2", " %", []string{"x & y", "<script>", "z"}, series, 100, 5),
		"lines": Lines("t", "windows", " %", []Series{{"e", []float64{0, 10, 20}}}, 100, 5),
		"empty": Lines("t", "", "", nil, 1, 0.5),
	} {
		d := xml.NewDecoder(strings.NewReader(string(drawing)))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if strings.Contains(string(drawing), "NaN") || strings.Contains(string(drawing), "<script>") {
			t.Errorf("%s:\n%s", name, drawing)
		}
	}
	if n := strings.Count(string(Dots("", "", []string{"x", "y", "z"}, series, 100, 5)), "<circle"); n != 2+5 {
		t.Errorf("%d dots, want one per value and two in the legend", n)
	}
}
