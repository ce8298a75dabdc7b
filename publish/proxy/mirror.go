package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"verdin/publish/router"
	"verdin/schemas"
)

// HeaderMirror marks the copy of a request, so that a model can leave out what must not
// happen twice.
const HeaderMirror = "Verdin-Mirror"

// Mirror bounds the copies of requests. Zero fields take those of DefaultMirror.
type Mirror struct {
	InFlight int           // requests at a time of which a copy is kept or on its way
	Body     int64         // bytes of a request that are copied
	Timeout  time.Duration // for the canary's answer
}

// DefaultMirror are the usual bounds.
func DefaultMirror() Mirror {
	return Mirror{InFlight: 256, Body: 1 << 20, Timeout: 30 * time.Second}
}

func (m Mirror) withDefaults() Mirror {
	usual := DefaultMirror()
	if m.InFlight <= 0 {
		m.InFlight = usual.InFlight
	}
	if m.Body <= 0 {
		m.Body = usual.Body
	}
	if m.Timeout <= 0 {
		m.Timeout = usual.Timeout
	}
	return m
}

// copies is the traffic of a mirror. A request never waits for it: a copy that finds no
// room, or whose original is too large or was not read to its end, is lost and counted.
type copies struct {
	slots      chan struct{} // one a copy
	work       sync.WaitGroup
	sent, lost atomic.Uint64
	ctx        context.Context // ends when copies are given up
	giveUp     context.CancelFunc
}

func (c *copies) open(m Mirror) {
	c.slots = make(chan struct{}, m.InFlight)
	c.ctx, c.giveUp = context.WithCancel(context.Background())
}

// Mirrored returns how many copies of requests were sent to the canary, and how many
// were lost.
func (p *Proxy) Mirrored() (sent, lost uint64) { return p.copies.sent.Load(), p.copies.lost.Load() }

// Wait waits for the copies in flight, until ctx ends: what is then on its way is given
// up and lost. Call it when no more requests come and those that came have ended.
func (p *Proxy) Wait(ctx context.Context) {
	defer context.AfterFunc(ctx, p.copies.giveUp)()
	p.copies.work.Wait()
}

// original is a request that is being served and of which a copy is kept.
type original struct {
	io.ReadCloser
	body  bytes.Buffer
	room  int64
	whole bool // read to its end
	huge  bool // longer than its room
}

// Read passes the body on to the model that serves the request.
func (o *original) Read(b []byte) (int, error) {
	n, err := o.ReadCloser.Read(b)
	if o.room -= int64(n); o.room >= 0 {
		o.body.Write(b[:n])
	} else {
		o.huge, o.body = true, bytes.Buffer{}
	}
	o.whole = o.whole || errors.Is(err, io.EOF)
	return n, err
}

// keep takes a place for a copy of a request; nil where there is none.
func (p *Proxy) keep(r *http.Request) *original {
	if r.ContentLength > p.cfg.Mirror.Body || r.Header.Get("Upgrade") != "" {
		p.copies.lost.Add(1)
		return nil
	}
	select {
	case p.copies.slots <- struct{}{}:
	default:
		p.copies.lost.Add(1)
		return nil
	}
	o := &original{ReadCloser: r.Body, room: p.cfg.Mirror.Body, whole: r.ContentLength == 0}
	r.Body = o
	return o
}

// mirror sends the copy of a request that was served, and gives its place back.
func (p *Proxy) mirror(r *http.Request, o *original, s *served) {
	if !o.whole || o.huge {
		<-p.copies.slots
		p.copies.lost.Add(1)
		return
	}
	p.copies.sent.Add(1)
	copied := &served{id: s.id, copied: true,
		choice: router.Choice{Arm: schemas.ArmCanary, ModelVersion: s.choice.Mirror, Generation: s.choice.Generation, Stage: s.choice.Stage}}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), p.cfg.Mirror.Timeout)
	again := r.Clone(context.WithValue(ctx, servedKey{}, copied))
	again.Body = io.NopCloser(bytes.NewReader(o.body.Bytes()))
	p.copies.work.Go(func() {
		defer func() { <-p.copies.slots }()
		defer cancel()
		defer context.AfterFunc(p.copies.ctx, cancel)()
		p.serve(&nobody{header: http.Header{}}, again, copied)
	})
}

// serve has one arm answer a request, and reports it. It tells what broke the answer
// off, nil if nothing did.
func (p *Proxy) serve(w http.ResponseWriter, r *http.Request, s *served) (broken any) {
	a := &answer{ResponseWriter: w, now: p.cfg.Now}
	begun := p.cfg.Now()
	defer func() {
		broken = recover() // of the connection, in the middle of an answer
		switch err := r.Context().Err(); {
		case s.copied && errors.Is(err, context.Canceled):
			p.copies.sent.Add(^uint64(0)) // given up: it was never answered
			p.copies.lost.Add(1)
			return
		case s.copied && err != nil:
			s.errorType = "timeout"
		}
		p.report(r, s, a, begun, broken != nil)
	}()
	p.forward.ServeHTTP(a, r)
	return nil
}

// nobody hears the answer to a copy.
type nobody struct{ header http.Header }

func (n *nobody) Header() http.Header         { return n.header }
func (n *nobody) WriteHeader(int)             {}
func (n *nobody) Write(b []byte) (int, error) { return len(b), nil }
