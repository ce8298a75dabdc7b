package realdata

import (
	"archive/zip"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"verdin/ingest/table"
	"verdin/internal/shareddata"
)

const step = 100 * time.Millisecond

// The Victorian market joined at row 17424: its columns hold one value each before.
func TestElectricityMarketChanges(t *testing.T) {
	rows := csvRows(t, "elec2", "elec.csv.gz")
	names := []string{"nswprice", "nswdemand", "vicprice", "vicdemand", "transfer"}
	units := columns(t, rows, names...)
	t.Run("when another market joins", func(t *testing.T) {
		v := judge(t, recording(mingle(units[:17424], units[17424:]), step), "60s", drifts(watch("psi", "0.2", names...)))
		v.says(t, []string{"nswprice", "vicprice", "vicdemand", "transfer"}, []string{"nswdemand"})
	})
	t.Run("not from one day to the next", func(t *testing.T) {
		var even, odd []unit
		for i, u := range units[:17424] {
			if i/48%2 == 0 {
				even = append(even, u)
			} else {
				odd = append(odd, u)
			}
		}
		v := judge(t, recording(mingle(even, odd), step), "60s", drifts(watch("ks", "0.05", "nswprice", "nswdemand", "vicprice")))
		v.says(t, nil, []string{"nswprice", "nswdemand", "vicprice"})
	})
}

func bikes(t *testing.T) []map[string]string {
	t.Helper()
	z, err := zip.OpenReader(filepath.Join(shareddata.Dir(t, "bike_sharing"), "bike_sharing_dataset.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open("hour.csv")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return named(rows)
}

func TestBicycleHireFollowsTheSeasons(t *testing.T) {
	rows := bikes(t)
	names := []string{"temp", "hum", "windspeed", "hr", "cnt"}
	month := func(prefix string) []unit {
		return columns(t, slices.DeleteFunc(slices.Clone(rows), func(r map[string]string) bool { return !strings.HasPrefix(r["dteday"], prefix) }), names...)
	}
	for _, c := range []struct {
		from, to      string
		drifted, same []string
		least         float64 // the textbook's index of the first that drifted is about this, or more
	}{
		{"2011-01", "2011-07", []string{"temp", "cnt"}, []string{"hr"}, 5},
		{"2011-01", "2011-02", []string{"temp"}, []string{"hr", "windspeed"}, 0.5},
		{"2011-07", "2012-07", nil, []string{"temp", "hum", "windspeed", "hr"}, 0},
		{"2011", "2012", []string{"cnt"}, []string{"temp", "hum", "windspeed", "hr"}, 0.15},
	} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			for _, name := range slices.Concat(c.drifted, c.same) {
				test := against(t, "psi", 0.1, month(c.from), month(c.to), name)
				found, want := test.LogEMax() >= math.Log(20), slices.Contains(c.drifted, name)
				if found != want {
					t.Errorf("%s: drift found: %v, want %v; log e %.2f, %+v", name, found, want, test.LogEMax(), test.Effect())
				}
				if want && name == c.drifted[0] && test.Effect().Estimate < c.least {
					t.Errorf("%s: index %.3f, want at least %v", name, test.Effect().Estimate, c.least)
				}
			}
		})
	}
}

// adults reads the census; text columns become categories.
func adults(t *testing.T) (units []unit, education []string) {
	t.Helper()
	in, err := table.OpenRows(filepath.Join(shareddata.Dir(t, "adult"), "adults.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	numbers := []string{"age", "education-num", "hours-per-week", "capital-gain", "fnlwgt"}
	texts := []string{"workclass", "sex"}
	for {
		var r table.Row
		if err := in.Next(&r); errors.Is(err, io.EOF) {
			return units, education
		} else if err != nil {
			t.Fatal(err)
		}
		u, school := unit{numbers: map[string]float64{}, features: map[string]string{}}, ""
		for _, c := range r.Cells {
			switch {
			case slices.Contains(numbers, c.Path):
				u.numbers[c.Path] = c.Value.Num
			case slices.Contains(texts, c.Path):
				u.features[c.Path] = c.Value.Text
			case c.Path == "education":
				school = c.Value.Text
			}
		}
		units, education = append(units, u), append(education, school)
	}
}

func TestCensus(t *testing.T) {
	units, education := adults(t)
	numbers := []string{"age", "education-num", "hours-per-week", "capital-gain", "fnlwgt"}
	t.Run("schooling drifts where schools differ", func(t *testing.T) {
		var ref, cur []unit
		for i, u := range units {
			if slices.Contains([]string{"Some-college", "HS-grad", "Bachelors"}, education[i]) {
				cur = append(cur, u)
			} else {
				ref = append(ref, u)
			}
		}
		for _, name := range numbers { // in deciles, as the textbook: finer bins see the pupils of 17 and 18 years
			test := against(t, "psi", 0.1, ref, cur, name)
			if found := test.LogEMax() >= math.Log(20); found != (name == "education-num") {
				t.Errorf("%s: drift found: %v; log e %.2f, %+v", name, found, test.LogEMax(), test.Effect())
			}
		}
	})
	t.Run("equal halves stay silent", func(t *testing.T) {
		check := drifts(watch("psi", "0", numbers...),
			"    - {name: sex, of: [{field: features.sex, categories: [Male, Female]}], method: psi, above: 0, role: observe}\n",
			"    - {name: workclass, of: [{field: features.workclass, categories: [Private, Self-emp-not-inc, Local-gov, State-gov, Self-emp-inc, Federal-gov]}], method: psi, above: 0, role: observe}\n")
		v := judge(t, recording(alternate(units), step), "60s", check)
		v.says(t, nil, []string{"age", "education_num", "hours_per_week", "capital_gain", "fnlwgt", "sex", "workclass"})
	})
}

// A model of house prices is used elsewhere: place and score drift, and it errs more.
func TestHousePricesElsewhere(t *testing.T) {
	names := []string{"AveBedrms", "Latitude", "Longitude", "y_pred_proba"}
	truths := map[string]string{}
	for _, r := range csvRows(t, "california_housing", "california_housing_analysis_gt.csv.gz") {
		truths[r["id"]] = r["clf_target"]
	}
	read := func(file string) []unit {
		rows := csvRows(t, "california_housing", file)
		units := columns(t, rows, names...)
		for i, r := range rows {
			target := r["clf_target"]
			if target == "" {
				target = truths[r["id"]]
			}
			units[i].outcomes = []outcome{{"right", truth(number(t, target) == number(t, r["y_pred"]))}}
		}
		return units
	}
	stable, canary := read("california_housing_reference.csv.gz"), read("california_housing_analysis.csv.gz")
	v := judge(t, recording(mingle(stable, canary), step), "60s",
		metrics(guard("right", "lower", "0.03"))+drifts(watch("psi", "0.1", names...)))
	v.wants(t, true, "right/harm", -1)
	v.says(t, []string{"Latitude", "Longitude", "y_pred_proba"}, []string{"AveBedrms"})
}

func TestOneHourOfRequestsIsLikeItself(t *testing.T) {
	units := columns(t, csvRows(t, "azure_llm_2023", "AzureLLMInferenceTrace_code.csv.gz"), "ContextTokens", "GeneratedTokens")
	names := []string{"ContextTokens", "GeneratedTokens"}
	v := judge(t, recording(alternate(slices.Clone(units)), step), "30s", drifts(watch("psi", "0", names...)))
	v.says(t, nil, names)
	half := len(units) / 2
	v = judge(t, recording(mingle(units[:half], units[half:]), step), "30s", drifts(watch("psi", "0.05", names...)))
	v.says(t, nil, names)
}
