package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"verdin/ingest/codec"
)

var seven = codec.SchemaID{Number: 7}

// G1: an answer is kept, so a registry that goes away later is not missed.
func TestASchemaIsFetchedOnce(t *testing.T) {
	f := newFake(t)
	r, _ := open(t, Config{URL: f.URL()})
	if _, ok := r.Schema(seven); ok {
		t.Fatal("known before it was fetched")
	}
	if s := fetch(t, r, seven); s.Text != text || s.Format != codec.FormatAvro {
		t.Errorf("got %+v", s)
	}
	f.play(says(500, ""))
	fetch(t, r, seven)
	if n := f.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestASchemaIsFetchedByItsGUID(t *testing.T) {
	f := newFake(t)
	stands, _ := f.GetSchema("outcomes-value", 1)
	id, err := codec.ParseGUID(stands.GUID)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := open(t, Config{URL: f.URL()})
	if s := fetch(t, r, id); s == nil || s.Text != text {
		t.Errorf("%s: got %+v", id, s)
	}
}

func TestReferencesComeBeforeWhatRefersToThem(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("a", 1, 21, sr.Schema{Schema: "a", Type: sr.TypeProtobuf})
	f.SeedSchema("b", 3, 22, sr.Schema{Schema: "b", Type: sr.TypeProtobuf, References: []sr.SchemaReference{{Name: "a.proto", Subject: "a", Version: 1}}})
	f.SeedSchema("c", 1, 23, sr.Schema{Schema: "c", Type: sr.TypeProtobuf, References: []sr.SchemaReference{
		{Name: "b.proto", Subject: "b", Version: 3}, {Name: "a.proto", Subject: "a", Version: 1}}})
	f.play(func(w http.ResponseWriter, r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, "/24") && says(200, `{"schema":"d","references":[{"name":"x","subject":"gone","version":1}]}`)(w, r)
	})
	r, _ := open(t, Config{URL: f.URL()})
	if got := fmt.Sprint(*fetch(t, r, codec.SchemaID{Number: 23})); got != "{PROTOBUF c [{a.proto a} {b.proto b}]}" {
		t.Error(got)
	}
	if s := fetch(t, r, codec.SchemaID{Number: 24}); s != nil {
		t.Errorf("a schema whose reference is gone: %+v", s)
	}
}

// G2: nothing but the registry's own word means that a schema does not exist.
func TestOnlyTheRegistrysOwnWordIsAnAnswer(t *testing.T) {
	for name, trick := range map[string]srfake.Interceptor{
		"a failure":      says(500, `{"error_code":50001,"message":"store"}`),
		"too busy":       says(429, ""),
		"a proxy's page": says(404, "<html>not found</html>"),
		"another 404":    says(404, `{"error_code":404,"message":"HTTP 404 Not Found"}`),
		"no login":       says(401, `{"error_code":40101}`),
		"no right":       says(403, `{"error_code":40301}`),
		"half an answer": says(200, `{"schema":`),
		"an endless one": says(200, `{"schema":"`+strings.Repeat("x", maxAnswer)+`"}`),
		"a broken one":   func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			asked, enough := 0, make(chan struct{})
			f.play(func(w http.ResponseWriter, r *http.Request) bool {
				if asked++; asked == 3 {
					close(enough)
				}
				return trick(w, r)
			})
			r, log := open(t, Config{URL: f.URL()})
			done := make(chan error)
			go func() { done <- r.Fetch(context.Background(), seven) }()
			<-enough
			if _, ok := r.Schema(seven); ok {
				t.Error("taken for an answer")
			}
			if r.Waiting() <= 0 {
				t.Error("it does not show that it waits")
			}
			f.play(nil)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if s, _ := r.Schema(seven); s == nil || s.Text != text {
				t.Errorf("got %+v\n%s", s, log)
			}
			if r.Waiting() != 0 || !strings.Contains(log.String(), "reading waits") {
				t.Errorf("waiting %v, log %s", r.Waiting(), log)
			}
		})
	}
}

// A follower that lags behind its leader says "not found" for a while.
func TestNotFoundIsDoubtedOnce(t *testing.T) {
	f := newFake(t)
	first := true
	f.play(func(w http.ResponseWriter, r *http.Request) bool {
		if first {
			first = false
			return says(404, `{"error_code":40403,"message":"Schema 7 not found"}`)(w, r)
		}
		return false
	})
	r, _ := open(t, Config{URL: f.URL()})
	if s := fetch(t, r, seven); s == nil {
		t.Error("believed at once")
	}
}

// Many unknown ids are no lagging follower.
func TestDoubtEnds(t *testing.T) {
	f := newFake(t)
	r, _ := open(t, Config{URL: f.URL()})
	for i := range 2 * maxDoubt {
		if s := fetch(t, r, codec.SchemaID{Number: uint32(100 + i)}); s != nil {
			t.Fatalf("got %+v", s)
		}
	}
	if n := f.asked.Load(); n != 3*maxDoubt {
		t.Errorf("asked %d times for %d ids", n, 2*maxDoubt)
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(context.Background())
	f.play(func(w http.ResponseWriter, r *http.Request) bool { cancel(); return says(500, "")(w, r) })
	r, _ := open(t, Config{URL: f.URL()})
	if err := r.Fetch(ctx, seven); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestReadersMayAskTogether(t *testing.T) {
	f := newFake(t)
	r, _ := open(t, Config{URL: f.URL(), Cache: cacheFile(t)})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { fetch(t, r, seven) })
	}
	all.Wait()
	if r.Waiting() != 0 {
		t.Error("still waiting")
	}
}

// G1: with a file, a restart gets the same answers, without the registry and even
// if it has others now.
func TestAnswersOutliveTheProcess(t *testing.T) {
	f := newFake(t)
	stands, _ := f.GetSchema("outcomes-value", 1)
	guid, _ := codec.ParseGUID(stands.GUID)
	absent := codec.SchemaID{Number: 8}
	cfg := Config{URL: f.URL(), Cache: cacheFile(t)}
	r, _ := open(t, cfg)
	for _, id := range []codec.SchemaID{seven, guid, absent} {
		fetch(t, r, id)
	}
	r.Close()
	f.SeedSchema("later", 1, 8, sr.Schema{Schema: text})
	asked := f.asked.Load()

	half, err := os.OpenFile(cfg.Cache, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	half.WriteString(`{"id":9,"sche`) // the process died here
	half.Close()
	if all, err := ReadAnswers(cfg.Cache); err != nil {
		t.Error(err)
	} else if s, ok := all.Schema(seven); !ok || s == nil || s.Text != text {
		t.Errorf("read for good: %+v", s)
	}
	for range 2 {
		again, _ := open(t, cfg)
		if again.Known() != 3 {
			t.Errorf("%d answers", again.Known())
		}
		if s := fetch(t, again, seven); s == nil || s.Text != text {
			t.Errorf("got %+v", s)
		}
		if s := fetch(t, again, guid); s == nil || s.Text != text {
			t.Errorf("got %+v", s)
		}
		if s := fetch(t, again, absent); s != nil {
			t.Errorf("what was not there is there after a restart: %+v", s)
		}
		again.Close()
	}
	if n := f.asked.Load(); n != asked {
		t.Errorf("asked %d times more", n-asked)
	}
	os.WriteFile(cfg.Cache, []byte("{\"id\":7,\"schema\":null}\n{\"id\":\n"), 0o600)
	if _, err := Open(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a damaged file: %v", err)
	}
	if _, err := ReadAnswers(cfg.Cache); err == nil || !strings.Contains(err.Error(), "line 2") || !strings.Contains(err.Error(), "record anew") {
		t.Errorf("a damaged file: %v", err)
	}
	os.WriteFile(cfg.Cache, []byte("{\"id\":7,\"schema\":null}\n{\"id\":7,\"schema\":{}}\n"), 0o600)
	if all, err := ReadAnswers(cfg.Cache); err != nil {
		t.Error(err)
	} else if s, ok := all.Schema(seven); !ok || s != nil {
		t.Errorf("the first answer does not stand: %+v", s)
	}
}
