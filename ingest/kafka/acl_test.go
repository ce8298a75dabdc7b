package kafka

import (
	"errors"
	"testing"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// allow grants operations on a resource.
func allow(kind kmsg.ACLResourceType, name string, ops ...kmsg.ACLOperation) (all []kfake.ACL) {
	for _, op := range ops {
		all = append(all, kfake.ACL{Resource: kind, Name: name, Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: op, Allow: true})
	}
	return all
}

// loginAs gives a configuration with the login of a user whose password is "right".
func loginAs(t testing.TB, cfg Config, user string) Config {
	t.Helper()
	t.Setenv("KAFKA_PASSWORD", "right")
	cfg.SASL = &SASLConfig{Mechanism: ScramSHA256, User: user, Password: Secret{Env: "KAFKA_PASSWORD"}}
	return cfg
}

// deniedUsers are users that lack something each, and what they may do.
func deniedUsers() map[string][]kfake.ACL {
	const topic, group = kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup
	return map[string][]kfake.ACL{
		"nothing":   nil,
		"describes": allow(topic, "log", kmsg.ACLOperationDescribe),
		"reads":     allow(topic, "log", kmsg.ACLOperationRead),
		"commits":   append(allow(topic, "log", kmsg.ACLOperationRead), allow(group, "verdin", kmsg.ACLOperationRead)...),
	}
}

// checkDenials holds for any cluster with the topic "log" of ten records and
// the users of deniedUsers: each refusal names what is missing, and on what.
func checkDenials(t *testing.T, cfg Config, topic string) {
	read := func(user string) *Consumer { return open(t, loginAs(t, cfg, user), Assignment{Topic: topic}) }
	says := func(what string, err error, code kafka.Error, parts ...string) {
		t.Helper()
		if !errors.Is(err, code) {
			t.Errorf("%s: %v, want %v", what, err, code)
		}
		oneLine(t, err, append(parts, topic)...)
	}
	_, err := Describe(within(t), loginAs(t, cfg, "nothing"), []string{topic})
	says("no right", err, kafka.TopicAuthorizationFailed, "may not be read by this user", "grant it Read and Describe")
	_, err = Open(within(t), loginAs(t, cfg, "nothing"), []Assignment{{Topic: topic}})
	says("no right", err, kafka.TopicAuthorizationFailed, "grant it Read and Describe")

	c := read("describes")
	until(t, "the fetch is denied", func() bool { return c.Status()[0].Err != nil })
	says("Describe alone", c.Status()[0].Err, kafka.TopicAuthorizationFailed, "partition 0", "grant it Read on the topic")

	c = read("reads") // without the right to see the topic's settings
	follow(t, c, 10).want(t, view{Offsets: upTo(10), Next: 10})
	if s := c.Status()[0]; s.Err != nil {
		t.Errorf("Read is enough to read, yet: %v", s.Err)
	}
	p := newTestProducer(t, loginAs(t, cfg, "reads"))
	says("no Write", p.Produce(within(t), topic, []Message{{}}), kafka.TopicAuthorizationFailed, "grant it Write on the topic")

	at := []Assignment{{Topic: topic, Offset: 10}}
	commit := func(user string) error {
		m, err := NewCommitter(loginAs(t, cfg, user), "verdin")
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		return m.Commit(within(t), at)
	}
	err = commit("reads")
	oneLine(t, err, `group "verdin"`, "grant it Read on the group")
	if err := commit("commits"); err != nil {
		t.Errorf("Read on topic and group is enough to commit, yet: %v", err)
	}
}

func TestDenialsNameTheMissingPermission(t *testing.T) {
	opts := []kfake.Opt{kfake.EnableSASL(), kfake.EnableACLs(), kfake.SeedTopics(1, "log"), kfake.Superuser("SCRAM-SHA-256", "root", "right")}
	for user, acls := range deniedUsers() {
		opts = append(opts, kfake.User("SCRAM-SHA-256", user, "right", acls...))
	}
	_, cfg := startBroker(t, opts...)
	write(t, newTestProducer(t, loginAs(t, cfg, "root")), "log", 0, 10)
	checkDenials(t, cfg, "log")
}
