package nats_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"verdin/schemas"
)

// scripted plays the stream of the bucket with answers of our choice: those that a
// real server gives only in rare moments.
type scripted struct {
	srv *server.Server
	mu  sync.Mutex
	all []natsgo.Msg // sequence = index + 1
	// answer takes a verdict's write; store keeps a message as if it were written.
	answer func(m *natsgo.Msg, store func(*natsgo.Msg) (seq int)) string
}

func newScripted(t *testing.T) (s *scripted) {
	s = &scripted{srv: serveCore(t)}
	nc, err := natsgo.Connect(s.srv.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	handle := func(subject string, reply func(*natsgo.Msg) string) {
		if _, err := nc.Subscribe(subject, func(m *natsgo.Msg) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if r := reply(m); r != "" {
				m.Respond([]byte(r))
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	handle("$JS.API.STREAM.MSG.GET."+schemas.StreamRoutes, s.get)
	handle(schemas.PrefixEpoch+".>", func(m *natsgo.Msg) string { return stored(s.store(m), false) })
	handle(schemas.PrefixWrite+".>", func(m *natsgo.Msg) string {
		if s.answer == nil {
			return stored(s.store(m), false)
		}
		return s.answer(m, s.store)
	})
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *scripted) store(m *natsgo.Msg) int {
	s.all = append(s.all, *m)
	return len(s.all)
}

// script sets how the next writes are answered.
func (s *scripted) script(answer func(*natsgo.Msg, func(*natsgo.Msg) int) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// get answers a request for the last message on a subject.
func (s *scripted) get(m *natsgo.Msg) string {
	var want struct {
		Last string `json:"last_by_subj"`
	}
	if err := json.Unmarshal(m.Data, &want); err != nil {
		return failed(400, 10003)
	}
	filter := strings.ReplaceAll(want.Last, ".", "/")
	for i := len(s.all) - 1; i >= 0; i-- {
		if ok, _ := path.Match(filter, strings.ReplaceAll(s.all[i].Subject, ".", "/")); ok {
			return message(i+1, &s.all[i])
		}
	}
	return failed(404, 10037)
}

func message(seq int, m *natsgo.Msg) string {
	var headers strings.Builder
	headers.WriteString("NATS/1.0\r\n")
	for name, values := range m.Header {
		fmt.Fprintf(&headers, "%s: %s\r\n", name, values[0])
	}
	headers.WriteString("\r\n")
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf(`{"type":"io.nats.jetstream.api.v1.stream_msg_get_response","message":{"subject":%q,"seq":%d,"hdrs":%q,"data":%q,"time":%q}}`,
		m.Subject, seq, b64([]byte(headers.String())), b64(m.Data), time.Unix(0, 0).UTC().Format(time.RFC3339))
}

func stored(seq int, duplicate bool) string {
	return fmt.Sprintf(`{"stream":%q,"seq":%d,"duplicate":%v}`, schemas.StreamRoutes, seq, duplicate)
}

func failed(code, errCode int) string {
	return fmt.Sprintf(`{"error":{"code":%d,"err_code":%d,"description":"scripted"}}`, code, errCode)
}
