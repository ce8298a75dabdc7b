package nats_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"

	"verdin/publish/nats"
)

func TestTheListOfTrustedKeys(t *testing.T) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := pair.PublicKey()
	seed, _ := pair.Seed()
	account, _ := nkeys.CreateAccount()
	accountID, _ := account.PublicKey()
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		want       string // "" = one key
	}{
		{"a key among comments", "# ours\n\n  " + id + " # since May\n", 0o644, ""},
		{"private to its owner", id + "\n", 0o400, ""},
		{"a list that others can change", id, 0o664, "0664 lets others change it"},
		{"a seed", id + "\n" + string(seed) + "\n", 0o600, "line 2: this is a secret seed"},
		{"a key of an account", accountID, 0o600, "line 1: this is no public key of a user"},
		{"a typing mistake", strings.Replace(id, id[5:6], "0", 1), 0o600, "line 1: this is no public key"},
		{"no key", "# none yet\n", 0o600, "no key"},
	} {
		path := filepath.Join(t.TempDir(), "trusted")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		ids, err := nats.ReadTrusted(path)
		switch {
		case c.want == "" && (err != nil || len(ids) != 1 || ids[0] != id):
			t.Errorf("%s: %v, %v", c.name, ids, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), string(seed))):
			t.Errorf("%s: %v, want %q and no secret", c.name, err, c.want)
		}
	}
	if _, err := nats.ReadTrusted(filepath.Join(t.TempDir(), "absent")); err == nil {
		t.Error("a list that is not there was read")
	}
}

// A rotation: routers and engines trust both keys, the engine switches, the old key
// goes. The chain is one all the while.
func TestAKeyIsRotatedInTheMiddleOfARollout(t *testing.T) {
	b, all := newBed(t), chain(4)
	old := b.key
	fresh, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "fresh.nk"))
	if err != nil {
		t.Fatal(err)
	}
	engine := func(key *nats.Key, trusted ...string) *nats.Publisher {
		p, err := nats.NewPublisher(b.connect(), key, nats.Options{Engine: "a", Trusted: trusted})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for i, p := range []*nats.Publisher{
		engine(old, old.ID), engine(old, old.ID, fresh.ID), engine(fresh, old.ID, fresh.ID), engine(fresh, fresh.ID),
	} {
		if r := b.publish(p, all[i]); r != nats.Acked {
			t.Errorf("step %d: %s", i+1, r)
		}
		if r := b.publish(p, all[i]); r != nats.Acked {
			t.Errorf("step %d, once more: %s", i+1, r)
		}
	}
}

func TestAnEngineTrustsItself(t *testing.T) {
	b, other := newBed(t), newBed(t)
	if _, err := nats.NewPublisher(b.connect(), b.key, nats.Options{Engine: "a", Trusted: []string{other.key.ID}}); err == nil || !strings.Contains(err.Error(), b.key.ID) {
		t.Errorf("a list without the engine's own key: %v", err)
	}
	if ids, err := (nats.Config{}).TrustedKeys(); ids != nil || err != nil {
		t.Errorf("no list: %v, %v", ids, err)
	}
}

func FuzzTrustedKeys(f *testing.F) {
	f.Add("UABC # x\n\n#\nSUAB")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "trusted")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ids, err := nats.ReadTrusted(path)
		if err != nil {
			return
		}
		if _, err := nats.NewTrust(ids); err != nil || len(ids) == 0 {
			t.Errorf("%q was read, but is not trusted: %v", ids, err)
		}
	})
}
