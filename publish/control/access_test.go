package control_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"verdin/publish/control"
	"verdin/schemas"
)

const token = "3f9c1e0b7a5d4c2e8f6a1b0c9d8e7f60"

func hashed(token string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(token))) }

func userKey(t testing.TB) (nkeys.KeyPair, string) {
	t.Helper()
	k, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	id, err := k.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return k, id
}

func TestAnAccessFileNamesPrincipals(t *testing.T) {
	_, id := userKey(t)
	a, err := control.ParseAccess([]byte("# who\n\nann admin prod,staging " + hashed(token) + " # the release manager\nbob operate * " + id + "\nold read * " + hashed(token+"x") + " 2026-01-01T00:00:00Z\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := a.Token(token, noon)
	if !ok || p.Name != "ann" || !p.May(control.Admin, "staging") || p.May(control.Read, "other") {
		t.Errorf("ann is %+v %v", p, ok)
	}
	if p, ok := a.Key(id, noon); !ok || p.Name != "bob" || !p.May(control.Operate, "anywhere") || p.May(control.Admin, "anywhere") {
		t.Errorf("bob is %+v %v", p, ok)
	}
	for _, wrong := range []string{"", token[:31], token + "y", strings.ToUpper(token), hashed(token)} {
		if p, ok := a.Token(wrong, noon); ok || p.Name != "" {
			t.Errorf("token %q lets %q in", wrong, p.Name)
		}
	}
	if _, ok := a.Token(token+"x", noon); ok {
		t.Error("an expired token lets somebody in")
	}
	if p, ok := a.Token(token+"x", schemas.TimeOf(time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC))); !ok || p.Name != "old" {
		t.Error("a token does not count before it expires")
	}
}

func TestAnAccessFileIsRefusedByLine(t *testing.T) {
	_, id := userKey(t)
	good := "ann admin prod " + hashed(token)
	for text, want := range map[string]string{
		"":                                   "names nobody",
		"ann admin prod":                     "line 1: it has 3 fields",
		"ann root prod " + id:                "line 1: scope \"root\" is none of",
		"Ann admin prod " + id:               "line 1: name",
		"ann admin a,,b " + id:               "line 1: namespace",
		"ann admin prod secret":              "line 1: the credential is neither",
		"ann admin prod sha256:ab":           "line 1: sha256: wants 64",
		good + "00":                          "line 1: sha256: wants 64",
		good + " tomorrow":                   "line 1: expires",
		good + "\n" + good:                   "line 2: the credential stands twice",
		"ann admin prod " + id[:len(id)-1]:   "line 1: the credential is neither",
		"ann nothing prod " + hashed(token):  "line 1: scope",
		good + " 2027-01-01T00:00:00Z more ": "line 1: it has 6 fields",
	} {
		if _, err := control.ParseAccess([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		} else if strings.Contains(err.Error(), hashed(token)[7:]) {
			t.Errorf("the error quotes a credential: %v", err)
		}
	}
}

func TestAChangedAccessFileCountsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access")
	put := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	put("ann admin prod "+hashed(token), day)
	f, err := control.OpenAccess(path)
	if err != nil {
		t.Fatal(err)
	}
	in := func() bool {
		a, err := f.Now()
		if err != nil {
			return false
		}
		_, ok := a.Token(token, noon)
		return ok
	}
	if !in() {
		t.Fatal("the token does not count")
	}
	put("bob admin prod "+hashed(token+"2"), day.Add(time.Second))
	if in() {
		t.Error("a token that was taken out still counts")
	}
	put("nonsense", day.Add(2*time.Second))
	if in() {
		t.Error("a file that cannot be read lets somebody in")
	}
	put("ann admin prod "+hashed(token), day.Add(3*time.Second))
	if !in() {
		t.Error("a mended file does not count")
	}
	if err := os.Chmod(path, 0o622); err != nil {
		t.Fatal(err)
	}
	if _, err := control.ReadAccess(path); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("others may write the file: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if in() {
		t.Error("a file that is gone lets somebody in")
	}
}

func FuzzParseAccess(f *testing.F) {
	f.Add([]byte("ann admin prod " + hashed(token) + " 2027-01-01T00:00:00Z\n# x\n"))
	f.Add([]byte("bob operate * UAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := control.ParseAccess(data)
		if err != nil {
			return
		}
		if p, ok := a.Token("a token that nobody has been given", noon); ok {
			t.Errorf("%+v got in", p)
		}
	})
}

func FuzzParseRequest(f *testing.F) {
	for _, s := range []string{``, `{}`, `{"reason":"bad answers","actor":"ann"}`, `{"at":"2026-01-05T12:00:00Z"}`, `{"reason":1}`, `{} {}`, `{"raeson":"x"}`, `null`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := control.ParseRequest(data); err != nil && r != (control.Request{}) {
			t.Errorf("%q: %v beside %+v", data, err, r)
		}
	})
}

func TestARequestIsReadStrictly(t *testing.T) {
	for _, bad := range []string{`{"raeson":"x"}`, `{} {}`, `[1]`, `"kill"`, `{"reason":5}`, `{`, `{"reason":"` + strings.Repeat("x", control.MaxRequest) + `"}`} {
		if _, err := control.ParseRequest([]byte(bad)); err == nil {
			t.Errorf("%.40q is taken", bad)
		}
	}
	if r, err := control.ParseRequest([]byte(` {"reason":"bad","actor":"ann","at":"2026-01-05T12:00:00Z"} `)); err != nil || r.Reason != "bad" || r.Actor != "ann" || r.At != noon {
		t.Errorf("%+v %v", r, err)
	}
}
