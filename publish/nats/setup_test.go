package nats_test

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

func TestSetupMayBeRepeated(t *testing.T) {
	b := newBed(t)
	if err := nats.Setup(t.Context(), b.connect(), 1); err != nil {
		t.Error(err)
	}
	js, _ := jetstream.New(b.connect())
	s, err := js.Stream(t.Context(), schemas.StreamRoutes)
	if err != nil {
		t.Fatal(err)
	}
	c := s.CachedInfo().Config
	if c.MaxMsgsPerSubject != 64 || c.MaxAge != 0 || c.Storage != jetstream.FileStorage || !c.DenyDelete || !c.DenyPurge || c.AllowRollup || c.Discard != jetstream.DiscardNew {
		t.Errorf("bucket settings %+v", c)
	}
}

func TestSetupListsEachWeakSetting(t *testing.T) {
	b := newBed(t)
	nc := b.connect()
	js, _ := jetstream.New(nc)
	for _, name := range []string{schemas.StreamRoutes, schemas.StreamAudit, schemas.StreamAcks, schemas.StreamJournal} {
		if err := js.DeleteStream(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	weak := jetstream.KeyValueConfig{Bucket: schemas.BucketRoutes, TTL: time.Hour, MaxBytes: 1 << 20, Storage: jetstream.MemoryStorage, MaxValueSize: 100}
	if _, err := js.CreateKeyValue(t.Context(), weak); err != nil {
		t.Fatal(err)
	}
	audit := jetstream.StreamConfig{Name: schemas.StreamAudit, Subjects: []string{"verdin.v1.audit.>"}}
	if _, err := js.CreateStream(t.Context(), audit); err != nil {
		t.Fatal(err)
	}
	err := nats.Setup(t.Context(), nc, 1)
	if err == nil {
		t.Fatal("weak settings were accepted")
	}
	for _, want := range []string{
		"max age 1h0m0s", "--max-age=0", "may be purged", "not verdicts and claims", "max bytes 1048576", "history 1", "storage is memory", "max message size 100", "not republished",
		"KV_VERDIN_ROUTES is not safe", "VERDIN_AUDIT is not safe", "not fed by the bucket", "may be deleted", "--deny-purge",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}
