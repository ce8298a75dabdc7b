package schemas

import (
	"fmt"
	"strconv"
	"strings"
)

// Names on NATS. Tokens go from wide to narrow, so that verdin.v1.*.prod.>
// selects one namespace.
const (
	BucketRoutes  = "VERDIN_ROUTES"       // KV bucket: the one write of each verdict
	BucketLeases  = "VERDIN_LEASES"       // KV bucket: which of several engines judges a rollout, as advice
	StreamRoutes  = "KV_VERDIN_ROUTES"    // the stream behind it
	StreamAudit   = "VERDIN_AUDIT"        // all verdicts, copied by the server
	StreamAcks    = "VERDIN_ACKS"         // acknowledgements of routers
	StreamJournal = "VERDIN_JOURNAL"      // what an engine cannot read again from Kafka, so that others can replay it
	PrefixWrite   = "$KV." + BucketRoutes // + .<ns>.<rollout>
	PrefixEpoch   = "$KV.VERDIN_EPOCH"    // + .<ns>.<rollout>: which engine holds the chain; in the same stream
	PrefixPlain   = "verdin.v1.verdict"   // + .<ns>.<rollout>: republished for plain subscribers
	PrefixAudit   = "verdin.v1.audit"     // + .<ns>.<rollout>
	PrefixBeat    = "verdin.v1.hb"        // + .<ns>.<engine>
	PrefixAck     = "verdin.v1.ack"       // + .<ns>.<rollout>.<router>
	PrefixJournal = "verdin.v1.journal"   // + .<ns>.<rollout>
	SignDomain    = "verdin.verdict.v1"   // first line of what a verdict's signature covers
	EpochDomain   = "verdin.epoch.v1"     // first line of what a claim's signature covers
	BeatDomain    = "verdin.heartbeat.v1" // first line of what a heartbeat's signature covers
	Namespace     = "default"             // namespace of a rollout that names none
	maxLabel      = 63                    // RFC 1123
)

// CheckLabel tells why s is not a DNS-1123 label: 1 to 63 of a–z, 0–9 and '-',
// no '-' at either end. Rollouts, namespaces, engines and routers are labels,
// so that they are safe as tokens of a subject.
func CheckLabel(what, s string) error {
	ok := len(s) > 0 && len(s) <= maxLabel && s[0] != '-' && s[len(s)-1] != '-'
	for i := 0; ok && i < len(s); i++ {
		c := s[i]
		ok = c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
	}
	if !ok {
		return fmt.Errorf("%s %.80q is not a DNS-1123 label: use 1 to 63 of a-z, 0-9 and '-', with no '-' at either end", what, s)
	}
	return nil
}

// SplitRollout reads "name" or "namespace/name".
func SplitRollout(s string) (ns, name string, err error) {
	ns, name, found := strings.Cut(s, "/")
	if !found {
		ns, name = Namespace, s
	}
	if err := CheckLabel("namespace", ns); err != nil {
		return "", "", err
	}
	if err := CheckLabel("rollout", name); err != nil {
		return "", "", err
	}
	return ns, name, nil
}

// VerdictID is the CloudEvents id of a verdict.
func VerdictID(ns, rollout string, generation, sequence uint64) string {
	return ns + "/" + rollout + "/" + strconv.FormatUint(generation, 10) + "/" + strconv.FormatUint(sequence, 10)
}

// Key is the key of a rollout in BucketRoutes.
func Key(ns, rollout string) string { return ns + "." + rollout }

// WriteSubject is where the verdicts of a rollout are written.
func WriteSubject(ns, rollout string) string { return PrefixWrite + "." + Key(ns, rollout) }

// EpochSubject is where engines claim the chain of a rollout.
func EpochSubject(ns, rollout string) string { return PrefixEpoch + "." + Key(ns, rollout) }

// ChainFilter selects the verdicts of a rollout and the claims to its chain, and
// nothing else of the stream: what a write states as last fences both.
func ChainFilter(ns, rollout string) string { return "$KV.*." + Key(ns, rollout) }

// PlainSubject is where the server republishes them for plain subscribers.
func PlainSubject(ns, rollout string) string { return PrefixPlain + "." + Key(ns, rollout) }

// BeatSubject is where an engine tells that it lives.
func BeatSubject(ns, engine string) string { return PrefixBeat + "." + ns + "." + engine }

// AckSubject is where a router tells what it applied.
func AckSubject(ns, rollout, router string) string {
	return PrefixAck + "." + Key(ns, rollout) + "." + router
}

// JournalSubject is where the journal of a rollout is mirrored.
func JournalSubject(ns, rollout string) string { return PrefixJournal + "." + Key(ns, rollout) }

// Headers of a verdict and of a heartbeat, beside the ce-* attributes.
const (
	HeaderEpoch     = "Verdin-Epoch"     // of the engine: grows with each start
	HeaderEngine    = "Verdin-Engine"    // id of the engine
	HeaderVersion   = "Verdin-Version"   // of the engine's program
	HeaderKeyID     = "Verdin-Key-Id"    // public key, as nkeys writes it
	HeaderSignature = "Verdin-Signature" // Ed25519, base64url without padding
	HeaderIndex     = "Verdin-Index"     // of a journal's record, decimal
)

// VerdictMessage is what the signature of a verdict covers: the payload and the
// place it is meant for, so that it is worth nothing elsewhere.
func VerdictMessage(ns, rollout string, payload []byte) []byte {
	return append([]byte(SignDomain+"\n"+ns+"/"+rollout+"\n"), payload...)
}

// EpochMessage is what the signature of a claim covers.
func EpochMessage(ns, rollout string, payload []byte) []byte {
	return append([]byte(EpochDomain+"\n"+ns+"/"+rollout+"\n"), payload...)
}

// BeatMessage is what the signature of a heartbeat covers.
func BeatMessage(ns, engine string, payload []byte) []byte {
	return append([]byte(BeatDomain+"\n"+ns+"/"+engine+"\n"), payload...)
}

// Salt names the mapping of units to slots. It changes with the canary's
// version alone, so that an edit of the spec moves nobody.
func Salt(ns, rollout, canaryVersion string) string {
	return ns + "/" + rollout + "/" + canaryVersion
}
