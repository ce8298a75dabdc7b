package http_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	web "verdin/publish/http"
	"verdin/schemas"
)

const shop = "https://shop.example"

// listing serves the rig's desk once more, to the pages of a list of sites.
func (r *rig) listing(t *testing.T, sites ...string) {
	t.Helper()
	o, err := web.NewOrigins(sites)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	web.New(web.Options{Desk: r.desk, Access: access(t), Origins: o}).Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	r.url = srv.URL
	r.gives(verdict(1, "advance", schemas.PhaseRunning, 5000))
}

// A page of a listed site goes through what a browser does: it asks whether it may, asks
// with a token, reads the tag, and asks again with it.
func TestAPageOfAListedSiteEvaluatesFlags(t *testing.T) {
	r := newRig(t, false)
	r.listing(t, shop)
	path := "/ofrep/v1/evaluate/flags"
	may := r.ask("OPTIONS", path, "", "Origin", shop, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,if-none-match")
	for header, want := range map[string]string{"Access-Control-Allow-Origin": shop, "Access-Control-Allow-Methods": "GET, POST",
		"Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match", "Vary": "Origin", "Access-Control-Allow-Credentials": ""} {
		if got := may.head.Get(header); got != want {
			t.Errorf("preflight: %s: %q, want %q", header, got, want)
		}
	}
	login := []string{"Origin", shop, "Sec-Fetch-Site", "cross-site", bearer, "Bearer " + annToken}
	all := r.ask("POST", path, unit7, login...)
	r.wants("all", all, http.StatusOK, `"key":"prod.recsys"`)
	if all.head.Get("Access-Control-Allow-Origin") != shop || all.head.Get("Access-Control-Expose-Headers") != "ETag, Retry-After" {
		t.Errorf("the page cannot read: %v", all.head)
	}
	again := r.ask("POST", path, unit7, append(login, "If-None-Match", all.head.Get("ETag"))...)
	if r.wants("again", again, http.StatusNotModified); again.head.Get("Access-Control-Allow-Origin") != shop {
		t.Errorf("the page cannot read that nothing changed: %v", again.head)
	}
	r.wants("one", r.ask("POST", path+"/prod.recsys", unit7, login...), http.StatusOK, `"reason":"SPLIT"`)
	noToken := r.ask("POST", path, unit7, "Origin", shop, "Sec-Fetch-Site", "cross-site")
	if r.wants("no token", noToken, http.StatusUnauthorized); noToken.head.Get("Access-Control-Allow-Origin") != shop {
		t.Errorf("the page cannot read why: %v", noToken.head)
	}
}

// Neither another site's page, nor a listed one beyond flags, gets anything.
func TestAPageGetsNoMoreThanItsSiteMay(t *testing.T) {
	login := []string{bearer, "Bearer " + annToken, "Sec-Fetch-Site", "cross-site", "Origin"}
	for name, c := range map[string]struct {
		sites        []string
		origin, path string
	}{
		"no list":                 {nil, shop, "/ofrep/v1/evaluate/flags"},
		"another site":            {[]string{shop}, "https://evil.example", "/ofrep/v1/evaluate/flags"},
		"another port":            {[]string{shop}, shop + ":8443", "/ofrep/v1/evaluate/flags"},
		"another scheme":          {[]string{shop}, "http://shop.example", "/ofrep/v1/evaluate/flags"},
		"a name that begins like": {[]string{shop}, shop + ".evil.example", "/ofrep/v1/evaluate/flags"},
		"a page without origin":   {[]string{shop}, "null", "/ofrep/v1/evaluate/flags"},
		"an order":                {[]string{shop}, shop, "/api/v1/rollouts/prod/recsys/kill"},
		"a gate":                  {[]string{shop}, shop, "/gates/flagger/rollback"},
	} {
		r := newRig(t, false)
		r.listing(t, c.sites...)
		for _, method := range []string{"POST", "OPTIONS"} {
			got := r.ask(method, c.path, unit7, append(login, c.origin)...)
			if allowed := got.head.Get("Access-Control-Allow-Origin"); allowed != "" || method == "POST" && got.code != http.StatusForbidden {
				t.Errorf("%s: %s: %d, allowed for %q", name, method, got.code, allowed)
			}
		}
	}
}

func TestAnOriginIsWrittenAsBrowsersDo(t *testing.T) {
	for _, bad := range []string{"", "*", "null", "shop.example", "https://", "https://shop.example/", "https://*.example", "https://Shop.example", "https://a@shop.example", "ftp://shop.example", "https://shop.example?x"} {
		if _, err := web.NewOrigins([]string{shop, bad}); err == nil {
			t.Errorf("%q is taken for an origin", bad)
		}
	}
	if _, err := web.NewOrigins([]string{shop, "http://localhost:3000"}); err != nil {
		t.Error(err)
	}
}

// A tag is that of one unit's answer at one moment.
func TestATagIsThatOfTheAnswer(t *testing.T) {
	r := newRig(t, false)
	r.gives(verdict(1, "advance", schemas.PhaseRunning, 5000))
	tag := func(id string) (string, string) {
		got := r.ask("POST", "/ofrep/v1/evaluate/flags", `{"context":{"targetingKey":"`+id+`"}}`)
		return got.head.Get("ETag"), got.body
	}
	seen := map[string]string{}
	for _, id := range []string{"user-1", "user-2", "user-3", "user-4", "user-5"} {
		tag, body := tag(id)
		if was, ok := seen[tag]; tag == "" || ok && was != body {
			t.Errorf("%s: the tag %q is that of %s", id, tag, was)
		}
		seen[tag] = body
	}
	if len(seen) != 2 {
		t.Errorf("five units of two arms have %d tags", len(seen))
	}
	before, _ := tag("user-1")
	r.gives(verdict(2, "hold", schemas.PhaseHeld, 5000)) // the same weights, another verdict
	if after, _ := tag("user-1"); after == before {
		t.Error("a new verdict has the old tag")
	}
}
