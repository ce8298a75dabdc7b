package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

const (
	history       = 64            // verdicts kept per rollout: the most that a KV bucket allows
	duplicates    = 2 * time.Hour // how long the server knows message ids
	ackMaxAge     = 30 * 24 * time.Hour
	journalMaxAge = 90 * 24 * time.Hour // longer than any rollout: then its recording is fetched or not wanted
)

// Setup creates the bucket and the streams where they are absent and
// verifies them where they are present. Settings under which a verdict could
// vanish or a stale engine could write are an error that lists each with its
// remedy. Replicas is 1, or 3 on a cluster.
func Setup(ctx context.Context, nc *natsgo.Conn, replicas int) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	routes, err := ensure(ctx, js, schemas.StreamRoutes, create(ctx, js, routeStream(replicas)))
	if err != nil {
		return err
	}
	audit, err := ensure(ctx, js, schemas.StreamAudit, create(ctx, js, auditStream(replicas)))
	if err != nil {
		return err
	}
	acks, err := ensure(ctx, js, schemas.StreamAcks, create(ctx, js, ackStream(replicas)))
	if err != nil {
		return err
	}
	journal, err := ensure(ctx, js, schemas.StreamJournal, create(ctx, js, journalStream(replicas)))
	if err != nil {
		return err
	}
	return errors.Join(verify(routes, routeRules(routes)), verify(audit, auditRules(audit)), verify(acks, ackRules(acks)), verify(journal, journalRules(journal)))
}

// routeStream is the KV bucket of the verdicts as a stream, with what a bucket does
// not have by itself: the claims beside the verdicts, and no purge and no roll-up,
// which would take the fence away.
func routeStream(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: schemas.StreamRoutes, Description: "verdicts by rollout", Storage: jetstream.FileStorage, Replicas: replicas,
		Subjects: []string{schemas.PrefixWrite + ".>", schemas.PrefixEpoch + ".>"}, MaxMsgsPerSubject: history,
		Discard: jetstream.DiscardNew, DenyDelete: true, DenyPurge: true, AllowDirect: true, Duplicates: duplicates,
		RePublish: &jetstream.RePublish{Source: schemas.PrefixWrite + ".>", Destination: schemas.PrefixPlain + ".>"},
	}
}

func auditStream(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: schemas.StreamAudit, Description: "all verdicts ever published", Storage: jetstream.FileStorage, Replicas: replicas,
		DenyDelete: true, DenyPurge: true,
		Sources: []*jetstream.StreamSource{{Name: schemas.StreamRoutes, SubjectTransforms: []jetstream.SubjectTransformConfig{
			{Source: schemas.PrefixWrite + ".>", Destination: schemas.PrefixAudit + ".>"}}}},
	}
}

// ackStream keeps acknowledgements for engines that were away: the engine's
// journal is their record, so age may end them.
func ackStream(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: schemas.StreamAcks, Description: "acknowledgements of routers", Storage: jetstream.FileStorage, Replicas: replicas,
		Subjects: []string{schemas.PrefixAck + ".>"}, MaxMsgsPerSubject: history, MaxAge: ackMaxAge,
	}
}

// journalStream mirrors the engines' journals for those who replay them. Age ends
// it: it must not fill the store that verdicts need.
func journalStream(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: schemas.StreamJournal, Description: "journals of engines, for replay", Storage: jetstream.FileStorage, Replicas: replicas,
		Subjects: []string{schemas.PrefixJournal + ".>"}, MaxAge: journalMaxAge, DenyDelete: true, Compression: jetstream.S2Compression,
	}
}

func create(ctx context.Context, js jetstream.JetStream, cfg jetstream.StreamConfig) func() error {
	return func() error {
		_, err := js.CreateStream(ctx, cfg)
		return tooMany(err, cfg.Replicas)
	}
}

// ensure returns the settings of a stream, after creating it if it is absent.
func ensure(ctx context.Context, js jetstream.JetStream, name string, create func() error) (jetstream.StreamConfig, error) {
	s, err := js.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if err := create(); err != nil && !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return jetstream.StreamConfig{}, fmt.Errorf("nats: creating stream %s: %w", name, named(js.Conn(), err))
		}
		s, err = js.Stream(ctx, name)
	}
	if err != nil {
		return jetstream.StreamConfig{}, fmt.Errorf("nats: looking up stream %s (is JetStream on?): %w", name, named(js.Conn(), err))
	}
	return s.CachedInfo().Config, nil
}

// rule is one thing a stream must have.
type rule struct {
	ok  bool
	bad string // what is wrong, and what it leads to
	fix string // flags of "nats stream edit", or what else to do
}

func routeRules(c jetstream.StreamConfig) []rule {
	return append(common(c),
		rule{c.MaxAge == 0, fmt.Sprintf("max age %s: an expiry brings back an older weight", c.MaxAge), "--max-age=0"},
		rule{c.SubjectDeleteMarkerTTL == 0 && !c.AllowMsgTTL, "messages may have a TTL: an expiry brings back an older weight", "create the bucket anew without limit markers"},
		rule{c.MaxBytes <= 0, fmt.Sprintf("max bytes %d: the oldest rollout's verdict would be evicted or the newest refused", c.MaxBytes), "--max-bytes=-1"},
		rule{c.MaxMsgs <= 0, fmt.Sprintf("max messages %d", c.MaxMsgs), "--max-msgs=-1"},
		rule{c.MaxMsgsPerSubject >= history, fmt.Sprintf("history %d: routers and auditors need %d to close a gap", c.MaxMsgsPerSubject, history), fmt.Sprintf("--max-msgs-per-subject=%d", history)},
		rule{c.Discard == jetstream.DiscardNew, "discards old messages when full", "--discard=new"},
		rule{c.DenyDelete, "verdicts may be deleted", "--deny-delete"},
		rule{c.DenyPurge && !c.AllowRollup, "verdicts may be purged: a stale engine could write again", "--no-allow-rollup --deny-purge"},
		rule{c.MaxMsgSize < 0 || c.MaxMsgSize >= schemas.MaxVerdict, fmt.Sprintf("max message size %d: a verdict may have %d bytes", c.MaxMsgSize, schemas.MaxVerdict), "--max-msg-size=-1"},
		rule{c.RePublish != nil && c.RePublish.Source == schemas.PrefixWrite+".>" && c.RePublish.Destination == schemas.PrefixPlain+".>" && !c.RePublish.HeadersOnly,
			"verdicts are not republished for plain subscribers", fmt.Sprintf("--republish-source='%s.>' --republish-destination='%s.>'", schemas.PrefixWrite, schemas.PrefixPlain)},
		rule{slices.Equal(slices.Sorted(slices.Values(c.Subjects)), []string{schemas.PrefixEpoch + ".>", schemas.PrefixWrite + ".>"}),
			fmt.Sprintf("holds %q, not verdicts and claims", c.Subjects), fmt.Sprintf("--subjects='%s.>,%s.>'", schemas.PrefixWrite, schemas.PrefixEpoch)},
		rule{c.Mirror == nil && len(c.Sources) == 0, "other writers than engines feed the bucket", "create the bucket anew"},
	)
}

func auditRules(c jetstream.StreamConfig) []rule {
	sourced := len(c.Sources) == 1 && c.Sources[0].Name == schemas.StreamRoutes && len(c.Sources[0].SubjectTransforms) == 1 &&
		c.Sources[0].SubjectTransforms[0].Destination == schemas.PrefixAudit+".>"
	return append(common(c),
		rule{sourced && len(c.Subjects) == 0, "is not fed by the bucket alone", "delete it and let the engine create it anew"},
		rule{c.DenyDelete, "entries may be deleted", "--deny-delete"},
		rule{c.DenyPurge, "may be purged", "--deny-purge"},
	)
}

func ackRules(c jetstream.StreamConfig) []rule {
	return append(common(c),
		rule{len(c.Subjects) == 1 && c.Subjects[0] == schemas.PrefixAck+".>", "captures other subjects", fmt.Sprintf("--subjects='%s.>'", schemas.PrefixAck)},
		rule{c.MaxAge == 0 || c.MaxAge >= 24*time.Hour, fmt.Sprintf("max age %s: an engine that was away misses acknowledgements", c.MaxAge), "--max-age=30d"},
	)
}

func journalRules(c jetstream.StreamConfig) []rule {
	return append(common(c),
		rule{len(c.Subjects) == 1 && c.Subjects[0] == schemas.PrefixJournal+".>", "captures other subjects", fmt.Sprintf("--subjects='%s.>'", schemas.PrefixJournal)},
		rule{c.MaxAge == 0 || c.MaxAge >= 24*time.Hour, fmt.Sprintf("max age %s: a recording lacks its beginning", c.MaxAge), "--max-age=90d"},
		rule{c.MaxMsgs <= 0 && c.MaxMsgsPerSubject <= 0, "keeps a limited number of records: a recording lacks its beginning", "--max-msgs=-1 --max-msgs-per-subject=-1"},
		rule{c.DenyDelete, "records may be deleted", "--deny-delete"},
	)
}

func common(c jetstream.StreamConfig) []rule {
	return []rule{
		{c.Storage == jetstream.FileStorage, "storage is memory: a restart forgets all", "create it anew with file storage"},
		{!c.NoAck, "writes are not acknowledged", "--ack"},
	}
}

// verify lists the rules that a stream breaks.
func verify(c jetstream.StreamConfig, rules []rule) error {
	var bad []string
	for _, r := range rules {
		if r.ok {
			continue
		}
		fix := r.fix
		if strings.HasPrefix(fix, "--") {
			fix = "nats stream edit " + c.Name + " " + fix
		}
		bad = append(bad, r.bad+" (fix: "+fix+")")
	}
	if bad == nil {
		return nil
	}
	return fmt.Errorf("nats: stream %s is not safe for verdicts:\n  %s", c.Name, strings.Join(bad, "\n  "))
}
