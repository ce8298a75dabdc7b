package registry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"verdin/ingest/codec"
)

func TestWhatIsWrongWithAConfiguration(t *testing.T) {
	secret := Secret{Env: "P"}
	for _, tc := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "kafka.registry.url: want http"},
		{Config{URL: "ftp://a"}, "want http"},
		{Config{URL: "http://"}, "with a host"},
		{Config{URL: "https://u:hidden@a"}, "contains a login"},
		{Config{URL: "http://a", User: "u", Password: secret}, "in clear"},
		{Config{URL: "https://a", User: "u"}, "only one of user and password"},
		{Config{URL: "https://a", Password: secret}, "only one of user and password"},
		{Config{URL: "https://a", User: "u", Password: Secret{Env: "P", File: "f"}}, "exactly one of file and env"},
		{Config{URL: "http://a", TLS: &Files{}}, "use https://"},
		{Config{URL: "https://a", TLS: &Files{Cert: "c"}}, "only one of cert and key"},
		{Config{URL: "https://a", User: "u", Password: secret}, ""},
		{Config{URL: "http://localhost:8081", User: "u", Password: secret}, ""},
	} {
		err := tc.cfg.Validate()
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%+v: %v, want %q", tc.cfg, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

// G3, and a password that is changed is used from the next request.
func TestTheLoginIsReadAnewAndNeverShown(t *testing.T) {
	f := newFake(t)
	refused := make(chan bool, 1000)
	f.play(func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user != "verdin" || password != "swordfish" {
			refused <- true
			return says(401, `{"error_code":40101,"message":"you sent wrong-one"}`)(w, r)
		}
		return false
	})
	file := filepath.Join(t.TempDir(), "password")
	os.WriteFile(file, []byte("wrong-one\n"), 0o600)
	r, log := open(t, Config{URL: f.URL(), User: "verdin", Password: Secret{File: file}})
	err := r.Check(context.Background())
	if err == nil || !strings.Contains(err.Error(), f.URL()+": it refuses the login (401)") {
		t.Errorf("got %v", err)
	}
	done := make(chan error)
	go func() { done <- r.Fetch(context.Background(), seven) }()
	for range 3 {
		<-refused
	}
	os.WriteFile(file, []byte("swordfish\n"), 0o600)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := r.Check(context.Background()); err != nil {
		t.Error(err)
	}
	for _, secret := range []string{"wrong-one", "swordfish"} {
		if strings.Contains(log.String()+fmt.Sprint(err), secret) {
			t.Errorf("%s was shown:\n%s", secret, log)
		}
	}
	os.Remove(file)
	if err := r.Check(context.Background()); err == nil || !strings.Contains(err.Error(), "put the password into that file") {
		t.Errorf("got %v", err)
	}
}

func TestARegistryThatIsNotThereIsOneClearLine(t *testing.T) {
	f := newFake(t)
	r, _ := open(t, Config{URL: f.URL()})
	f.Close()
	err := r.Check(context.Background())
	if err == nil || !strings.Contains(err.Error(), "is it running, and is kafka.registry.url right?") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	for want, cfg := range map[string]Config{
		"kafka.registry.tls.ca": {URL: "https://a", TLS: &Files{CA: "none.pem"}},
		"holds no certificate":  {URL: "https://a", TLS: &Files{CA: "doc.go"}},
		"kafka.registry.tls: ":  {URL: "https://a", TLS: &Files{Cert: "none.pem", Key: "none.pem"}},
		"kafka.registry.cache":  {URL: "https://a", Cache: "none/there"},
		"kafka.registry.url":    {},
	} {
		if _, err := Open(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func ExampleOpen() {
	server := srfake.New()
	defer server.Close()
	server.SeedSchema("outcomes-value", 1, 7, sr.Schema{Schema: `{"type":"record","name":"Outcome","fields":[]}`})

	r, err := Open(Config{URL: server.URL()}, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	id := codec.SchemaID{Number: 7}
	if err := r.Fetch(context.Background(), id); err != nil {
		fmt.Println(err)
		return
	}
	s, _ := r.Schema(id)
	fmt.Println(s.Format, s.Text)
	// Output: AVRO {"type":"record","name":"Outcome","fields":[]}
}
