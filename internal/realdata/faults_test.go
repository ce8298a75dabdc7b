package realdata

import (
	"archive/tar"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"verdin/internal/shareddata"
)

// anomaly splits a series of a server into what lies outside of its labelled windows and
// what lies inside.
func anomaly(t *testing.T, folder, name string) (outside, inside []unit) {
	t.Helper()
	labels, err := os.ReadFile(filepath.Join(shareddata.Dir(t, "nab"), "labels_windows.json"))
	if err != nil {
		t.Fatal(err)
	}
	var windows map[string][][2]string
	if err := json.Unmarshal(labels, &windows); err != nil {
		t.Fatal(err)
	}
	of, ok := windows[folder+"/"+name+".csv"]
	if !ok {
		t.Fatalf("%s has no labels", name)
	}
	rows := csvRows(t, "nab", name+".csv.gz")
	for i, u := range columns(t, rows, "value") {
		labelled := false
		for _, w := range of { // one form of time throughout: text compares as time
			labelled = labelled || rows[i]["timestamp"] >= w[0][:19] && rows[i]["timestamp"] <= w[1][:19]
		}
		if labelled {
			inside = append(inside, u)
		} else {
			outside = append(outside, u)
		}
	}
	return outside, inside
}

// Windows are a tenth of each series, spread round the anomalies: shifts of level are
// seen in the distribution, single points are not.
func TestServersWithAnomalies(t *testing.T) {
	for _, c := range []struct {
		folder, name string
		drifted      bool
	}{
		{"realAWSCloudwatch", "ec2_cpu_utilization_825cc2", true}, // index 0.50
		{"realAWSCloudwatch", "ec2_network_in_257a54", true},      // 0.41
		{"realAdExchange", "exchange-3_cpm_results", true},        // 1.6
		{"realAWSCloudwatch", "ec2_cpu_utilization_24ae8d", false},
		{"realAWSCloudwatch", "ec2_disk_write_bytes_1ef3de", false},
		{"realAWSCloudwatch", "rds_cpu_utilization_e47b3b", false},
	} {
		outside, inside := anomaly(t, c.folder, c.name)
		test := against(t, "psi", 0.1, outside, inside, "value")
		if found := test.LogEMax() >= math.Log(20); found != c.drifted {
			t.Errorf("%s: drift found: %v; log e %.2f, %+v", c.name, found, test.LogEMax(), test.Effect())
		}
	}
}

// shops reads one measure of the pet shop's front page: the quiet days, and the five
// points round each injected fault that was found there.
func shop(t *testing.T, measure string) (quiet, faults []float64) {
	t.Helper()
	all := tar.NewReader(open(t, filepath.Join(shareddata.Dir(t, "petshop"), "low_traffic.tar.gz")))
	points, target := map[string][]float64{}, map[string]string{}
	for {
		head, err := all.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		dir, file := filepath.Split(head.Name)
		switch file {
		case "metrics.csv":
			points[dir] = frontPage(t, all, measure)
		case "target.json":
			text, err := io.ReadAll(all)
			if err != nil {
				t.Fatal(err)
			}
			target[dir] = string(text)
		}
	}
	for dir, p := range points { // order-free: rows are counted
		switch {
		case strings.Contains(dir, "noissue"):
			quiet = append(quiet, p...)
		case strings.Contains(target[dir], measure):
			faults = append(faults, p...)
		}
	}
	return quiet, faults
}

// frontPage is the column of PetSite's average of a measure.
func frontPage(t *testing.T, in io.Reader, measure string) (out []float64) {
	t.Helper()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for k := range rows[0] {
		if rows[0][k] != "PetSite" || rows[1][k] != measure || rows[2][k] != "Average" {
			continue
		}
		for _, r := range rows[3:] {
			if x, err := strconv.ParseFloat(r[k], 64); err == nil {
				out = append(out, x)
			}
		}
	}
	return out
}

func TestInjectedFaultsOfAShop(t *testing.T) {
	for _, c := range []struct {
		measure string
		beyond  func(x float64) bool // the textbook's limit from the quiet days
	}{
		{"latency", func(x float64) bool { return x > 0.1143 }},
		{"availability", func(x float64) bool { return x < 96.8 }},
	} {
		quiet, faults := shop(t, c.measure)
		if len(quiet) < 500 || len(faults) < 50 {
			t.Fatalf("%s: %d quiet points, %d round faults", c.measure, len(quiet), len(faults))
		}
		read := func(xs []float64) (units []unit) {
			for _, x := range xs {
				units = append(units, unit{outcomes: []outcome{{"beyond", truth(c.beyond(x))}}})
			}
			return units
		}
		check := metrics(guard("beyond", "higher", "0.05"))
		t.Run(c.measure+": faults together are found", func(t *testing.T) {
			judge(t, recording(mingle(read(quiet), read(faults)), time.Second), "60s", check).wants(t, true, "beyond/harm", +1)
		})
		t.Run(c.measure+": equal halves of the quiet days stay silent", func(t *testing.T) {
			judge(t, recording(alternate(read(quiet)), time.Second), "60s", check).wants(t, false, "beyond/harm", 0)
		})
	}
}
