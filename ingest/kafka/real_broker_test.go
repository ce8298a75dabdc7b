//go:build real

package kafka

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Tests of the tag real need a broker that deploy/dev/kafka.sh has started:
//
//	deploy/dev/kafka.sh start
//	eval "$(deploy/dev/kafka.sh env)"
//	go test -tags real ./ingest/kafka

func env(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf(`%s is not set: run deploy/dev/kafka.sh start, then eval "$(deploy/dev/kafka.sh env)"`, name)
	}
	return v
}

func realBroker(t *testing.T) Config {
	t.Helper()
	return Config{Brokers: []string{env(t, "VERDIN_KAFKA")}}
}

// certificate is the path of a PEM file that the script has made.
func certificate(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(env(t, "VERDIN_KAFKA_CERTIFICATES"), name)
}

// ask sends a request by the independent client.
func ask(t *testing.T, cfg Config, req kmsg.Request) kmsg.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // also used when the test has ended
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(cfg.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	resp, err := cl.Request(ctx, req)
	if err != nil {
		t.Errorf("%s: %v", kmsg.NameForKey(req.Key()), err)
	}
	return resp
}

func createTopic(t *testing.T, cfg Config, name string, partitions int32, settings ...string) {
	t.Helper()
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = name, partitions, 1
	for i := 0; i < len(settings); i += 2 {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		c.Name, c.Value = settings[i], &settings[i+1]
		rt.Configs = append(rt.Configs, c)
	}
	create(t, cfg, rt, partitions)
}

// create makes a topic and waits until its partitions are there.
func create(t *testing.T, cfg Config, topic kmsg.CreateTopicsRequestTopic, partitions int32) {
	t.Helper()
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Topics = append(req.Topics, topic)
	err := kerr.ErrorForCode(ask(t, cfg, req).(*kmsg.CreateTopicsResponse).Topics[0].ErrorCode)
	if err == nil {
		err = EnsureTopic(within(t), cfg, topic.Topic, int(partitions))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func deleteTopic(t *testing.T, cfg Config, name string) {
	t.Helper()
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TopicNames, req.Topics = []string{name}, []kmsg.DeleteTopicsRequestTopic{{Topic: &name}}
	ask(t, cfg, req)
}

// realTopic makes a topic with settings that is deleted after the test.
func realTopic(t *testing.T, cfg Config, partitions int32, settings ...string) string {
	t.Helper()
	name := fmt.Sprintf("verdin-test-%d", time.Now().UnixNano())
	createTopic(t, cfg, name, partitions, settings...)
	t.Cleanup(func() { deleteTopic(t, cfg, name) })
	return name
}

const (
	scram256 = 1
	scram512 = 2
)

// realUser makes a user with the password "right" for both SCRAM mechanisms,
// that is deleted after the test.
func realUser(t *testing.T, cfg Config, user string) {
	t.Helper()
	salt := []byte("salt of a test")
	const iterations = 4096
	for m, hash := range map[int8]func() ([]byte, error){
		scram256: func() ([]byte, error) { return pbkdf2.Key(sha256.New, "right", salt, iterations, sha256.Size) },
		scram512: func() ([]byte, error) { return pbkdf2.Key(sha512.New, "right", salt, iterations, sha512.Size) },
	} {
		u := kmsg.NewAlterUserSCRAMCredentialsRequestUpsertion()
		u.Name, u.Mechanism, u.Iterations, u.Salt = user, m, iterations, salt
		var err error
		if u.SaltedPassword, err = hash(); err != nil {
			t.Fatal(err)
		}
		req := kmsg.NewPtrAlterUserSCRAMCredentialsRequest() // one a user and request
		req.Upsertions = append(req.Upsertions, u)
		if err := kerr.ErrorForCode(ask(t, cfg, req).(*kmsg.AlterUserSCRAMCredentialsResponse).Results[0].ErrorCode); err != nil {
			t.Fatal(err)
		}
		until(t, "the broker knows the user", func() bool {
			seen := kmsg.NewPtrDescribeUserSCRAMCredentialsRequest()
			seen.Users = []kmsg.DescribeUserSCRAMCredentialsRequestUser{{Name: user}}
			for _, r := range ask(t, cfg, seen).(*kmsg.DescribeUserSCRAMCredentialsResponse).Results {
				for _, i := range r.CredentialInfos {
					if i.Mechanism == m {
						return true
					}
				}
			}
			return false
		})
		t.Cleanup(func() {
			d := kmsg.NewAlterUserSCRAMCredentialsRequestDeletion()
			d.Name, d.Mechanism = user, m
			drop := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
			drop.Deletions = append(drop.Deletions, d)
			ask(t, cfg, drop)
		})
	}
}

// realACL allows a principal something until the test ends.
func realACL(t *testing.T, cfg Config, principal string, kind kmsg.ACLResourceType, name string, op kmsg.ACLOperation) {
	t.Helper()
	c := kmsg.NewCreateACLsRequestCreation()
	c.ResourceType, c.ResourceName, c.ResourcePatternType = kind, name, kmsg.ACLResourcePatternTypeLiteral
	c.Principal, c.Host, c.Operation, c.PermissionType = principal, "*", op, kmsg.ACLPermissionTypeAllow
	req := kmsg.NewPtrCreateACLsRequest()
	req.Creations = append(req.Creations, c)
	if err := kerr.ErrorForCode(ask(t, cfg, req).(*kmsg.CreateACLsResponse).Results[0].ErrorCode); err != nil {
		t.Fatal(err)
	}
	until(t, "the broker knows the ACL", func() bool {
		seen := kmsg.NewPtrDescribeACLsRequest()
		seen.ResourceType, seen.ResourceName, seen.ResourcePatternType = kind, &name, kmsg.ACLResourcePatternTypeLiteral
		seen.Principal, seen.Operation, seen.PermissionType = &principal, op, kmsg.ACLPermissionTypeAllow
		return len(ask(t, cfg, seen).(*kmsg.DescribeACLsResponse).Resources) > 0
	})
	t.Cleanup(func() {
		f := kmsg.NewDeleteACLsRequestFilter()
		f.ResourceType, f.ResourceName, f.ResourcePatternType = kind, &name, kmsg.ACLResourcePatternTypeLiteral
		f.Principal, f.Operation, f.PermissionType = &principal, op, kmsg.ACLPermissionTypeAllow
		drop := kmsg.NewPtrDeleteACLsRequest()
		drop.Filters = append(drop.Filters, f)
		ask(t, cfg, drop)
	})
}
