package webhook

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// signed are the headers of the vector of Standard Webhooks' own test suites
// (standard-webhooks/standard-webhooks, libraries, test of "sign").
func signed(id, timestamp, signature string) http.Header {
	h := http.Header{}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, timestamp)
	h.Set(HeaderSignature, signature)
	return h
}

const (
	vectorID   = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody = `{"test": 2432232314}`
	vectorSign = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

var vectorTime = time.Unix(1614265330, 0)

func TestSignaturesAreThoseOfStandardWebhooks(t *testing.T) {
	if got := testKey(t).sign(vectorID, vectorTime, []byte(vectorBody)); got != vectorSign {
		t.Errorf("signature %s, want %s", got, vectorSign)
	}
}

func TestVerifyRefusesWhatWasNotSigned(t *testing.T) {
	k := testKey(t)
	for name, c := range map[string]struct {
		id, timestamp, signature, body string
		after                          time.Duration
		ok                             bool
	}{
		"as sent":           {vectorID, "1614265330", vectorSign, vectorBody, 0, true},
		"in time":           {vectorID, "1614265330", vectorSign, vectorBody, 5 * time.Minute, true},
		"second of several": {vectorID, "1614265330", "v1a,AAAA v1,AAAA " + vectorSign, vectorBody, 0, true},
		"old":               {vectorID, "1614265330", vectorSign, vectorBody, 301 * time.Second, false},
		"from the future":   {vectorID, "1614265330", vectorSign, vectorBody, -301 * time.Second, false},
		"other time":        {vectorID, "1614265331", vectorSign, vectorBody, 0, false},
		"other id":          {"msg_2", "1614265330", vectorSign, vectorBody, 0, false},
		"other body":        {vectorID, "1614265330", vectorSign, vectorBody + " ", 0, false},
		"other version":     {vectorID, "1614265330", "v2" + vectorSign[2:], vectorBody, 0, false},
		"no signature":      {vectorID, "1614265330", "", vectorBody, 0, false},
		"no time":           {vectorID, "", vectorSign, vectorBody, 0, false},
		"long":              {vectorID, "1614265330", strings.Repeat("v1,AAAA ", 1000) + vectorSign, vectorBody, 0, false},
	} {
		err := k.Verify(signed(c.id, c.timestamp, c.signature), []byte(c.body), vectorTime.Add(c.after), 5*time.Minute)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if (Key{}).Verify(signed(vectorID, "1614265330", (Key{}).sign(vectorID, vectorTime, []byte(vectorBody))), []byte(vectorBody), vectorTime, time.Minute) == nil {
		t.Error("no key verifies")
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string // "" = it opens
	}{
		"good":     {secret + "\n", 0o400, ""},
		"bare":     {strings.TrimPrefix(secret, keyPrefix), 0o600, ""},
		"group":    {secret, 0o440, "mode 0440 lets others read it"},
		"world":    {secret, 0o644, "mode 0644 lets others read it"},
		"short":    {"whsec_AAAA", 0o400, "no base64 of 24 to 64 bytes"},
		"long":     {keyPrefix + strings.Repeat("AAAA", 22), 0o400, "no base64 of 24 to 64 bytes"},
		"no text":  {"", 0o400, "no base64"},
		"password": {"correct horse battery staple", 0o400, "no base64"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := OpenKey(path)
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || c.text != "" && strings.Contains(err.Error(), c.text)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := OpenKey(filepath.Join(dir, "absent")); err == nil || !strings.Contains(err.Error(), "make one with") {
		t.Errorf("absent: %v", err)
	}
}

// Whatever comes is verified or refused, never a crash; and what is signed is verified.
func FuzzVerify(f *testing.F) {
	f.Add(secret, vectorID, "1614265330", vectorSign, []byte(vectorBody))
	f.Add("", "", "-1", "v1, ,,", []byte(nil))
	f.Fuzz(func(t *testing.T, text, id, timestamp, signature string, body []byte) {
		k, err := ParseKey(text)
		if err != nil && strings.TrimSpace(text) != "" && len(text) > 8 && strings.Contains(err.Error(), text) {
			t.Errorf("the key is in %v", err)
		}
		h := http.Header{HeaderID: {id}, HeaderTimestamp: {timestamp}, HeaderSignature: {signature}}
		if verr := k.Verify(h, body, vectorTime, time.Minute); err != nil && verr == nil {
			t.Errorf("no key, and it verifies")
		}
		if err == nil {
			h = http.Header{HeaderID: {id}, HeaderTimestamp: {"1614265330"}, HeaderSignature: {k.sign(id, vectorTime, body)}}
			if verr := k.Verify(h, body, vectorTime, 0); verr != nil {
				t.Errorf("what was signed: %v", verr)
			}
		}
	})
}
