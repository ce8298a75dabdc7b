package arch

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// foreign lists what says nothing to a reader elsewhere: paths of the machine
// on which a file was written, and numbers of somebody's task list. The pieces
// are joined here so that this file does not contain them.
var foreign = []*regexp.Regexp{
	regexp.MustCompile(`/wo` + `rk/`),
	regexp.MustCompile(`/ro` + `ot/`),
	regexp.MustCompile(`(?i)\biss` + `ue\s*(#|\d)`),
}

// writtenByPeople are the endings of files that are read for words.
var writtenByPeople = []string{".go", ".md", ".yaml", ".yml", ".sh", ".toml", ".json", ".mod", ".tmpl", ".html", ".css", ".js", ".proto", ".avsc", ".conf", ".xml", ".java", ".py", ""}

func words(name string, text []byte, forbidden []*regexp.Regexp) []string {
	var found []string
	for i, line := range bytes.Split(text, []byte("\n")) {
		for _, re := range forbidden {
			if m := re.Find(line); m != nil {
				found = append(found, fmt.Sprintf("%s:%d: %q means nothing elsewhere: say what it stands for", name, i+1, m))
			}
		}
	}
	return found
}

// mirrors returns patterns for the package mirrors that this machine was told
// to use: their hosts belong in its environment, never in a file.
func mirrors(env []string) []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, kv := range env {
		key, value, _ := strings.Cut(kv, "=")
		if !slices.Contains([]string{"GOPROXY", "GONOSUMDB", "PIP_INDEX_URL", "npm_config_registry"}, key) {
			continue
		}
		for _, part := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '|' }) {
			u, err := url.Parse(part)
			if err == nil && u.Hostname() != "" && u.Hostname() != "proxy.golang.org" {
				all = append(all, regexp.MustCompile(regexp.QuoteMeta(u.Hostname())))
			}
		}
	}
	return all
}

func TestNoForeignWords(t *testing.T) {
	forbidden := append(mirrors(os.Environ()), foreign...)
	err := walk(func(name string) error {
		if !slices.Contains(writtenByPeople, path.Ext(name)) {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(moduleRoot, name))
		if err != nil {
			return err
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return nil // a program
		}
		for _, f := range words(name, text, forbidden) {
			t.Error(f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWordsBite(t *testing.T) {
	forbidden := append(mirrors([]string{"GOPROXY=https://goproxy.example.test/go,direct"}), foreign...)
	for _, bad := range []string{"see /wo" + "rk/data", "~ = /ro" + "ot/x", "as iss" + "ue 2 says", "Iss" + "ue #7", "GOPROXY=goproxy.example.test"} {
		if got := words("a.md", []byte("fine\n"+bad), forbidden); len(got) != 1 || !strings.HasPrefix(got[0], "a.md:2: ") {
			t.Errorf("%q: findings %q, want one at line 2", bad, got)
		}
	}
	if got := words("a.md", []byte("an issue about sessions and work/life"), forbidden); got != nil {
		t.Errorf("lawful text was rejected: %q", got)
	}
}
