package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOnlyARunWithoutFailuresAndSkipsIsGreen(t *testing.T) {
	const pass = `{"Action":"pass","Package":"m/a","Test":"TestA"}` + "\n"
	for _, c := range []struct {
		name, in, tag string
		need          []string
		ok            bool
		says          string
	}{
		{"all passed", pass + `{"Action":"pass","Package":"m/a","Elapsed":0.5}`, "", nil, true, "1 passed, 0 failed, 0 skipped"},
		{"package without tests", pass + `{"Action":"skip","Package":"m/b"}`, "", nil, true, "1 passed"},
		{"a skip", pass + `{"Action":"output","Package":"m/a","Test":"TestB","Output":"no broker\n"}` + "\n" + `{"Action":"skip","Package":"m/a","Test":"TestB"}`, "", nil, false, "skip: m/a TestB\nno broker"},
		{"a skip in a sub-test", pass + `{"Action":"skip","Package":"m/a","Test":"TestA/x"}`, "", nil, false, "skip: m/a TestA/x"},
		{"a failure", pass + `{"Action":"fail","Package":"m/a","Test":"TestB"}`, "", nil, false, "fail: m/a TestB"},
		{"a test that never ended", pass + `{"Action":"run","Package":"m/a","Test":"TestB"}`, "", nil, false, "run: m/a TestB"},
		{"a package that failed", pass + `{"Action":"fail","Package":"m/b"}`, "", nil, false, "FAIL"},
		{"a build that failed", pass + `{"Action":"build-output","ImportPath":"m/b","Output":"b.go:1: no\n"}` + "\n" + `{"Action":"build-fail","ImportPath":"m/b"}`, "", nil, false, "b.go:1: no"},
		{"the go command failed", pass + "go: updates to go.mod needed", "", nil, false, "updates to go.mod"},
		{"nothing ran", "", "", nil, false, "no test ran"},
		{"required and passed", pass, "real", []string{"m/a TestA"}, true, "1 passed"},
		{"required and absent", pass, "real", []string{"m/a TestA", "m/k TestBroker"}, false, "wants it: m/k TestBroker"},
		{"nothing to require", pass, "real", nil, false, "no test is built by the tag real"},
	} {
		var out strings.Builder
		s, err := read(strings.NewReader(c.in), &out)
		if err != nil {
			t.Fatal(err)
		}
		if ok := s.judge(&out, c.tag, c.need); ok != c.ok || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: ok %v, want %v and a line with %q; it says\n%s", c.name, ok, c.ok, c.says, &out)
		}
	}
}

func TestTaggedFindsTheTestsOfATag(t *testing.T) {
	root := t.TempDir()
	for name, src := range map[string]string{
		"go.mod":                  "module m\n",
		"k/real_test.go":          "//go:build real\n\npackage k\n\nfunc TestBroker(t *T) {}\nfunc TestMain(m *M) {}\nfunc helper() {}\n",
		"k/linux_test.go":         "//go:build real && linux\n\npackage k\n\nfunc TestKill(t *T) {}\n",
		"k/other_test.go":         "//go:build !real\n\npackage k\n\nfunc TestFake(t *T) {}\n",
		"k/plain_test.go":         "package k\n\nfunc TestPlain(t *T) {}\n",
		"k/testdata/real_test.go": "//go:build real\n\npackage x\n\nfunc TestData(t *T) {}\n",
		".hidden/real_test.go":    "//go:build real\n\npackage x\n\nfunc TestHidden(t *T) {}\n",
		"k/not_a_test_of_tag.go":  "//go:build real\n\npackage k\n\nfunc TestNot() {}\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := tagged(root, "real")
	if err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(got, ", "); s != "m/k TestKill, m/k TestBroker" {
		t.Errorf("tests of the tag: %s", s)
	}
	if p := pattern(got); p != "^(TestKill|TestBroker)$" {
		t.Errorf("pattern of these tests: %s", p)
	}
}
