package nats_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"time"
)

// faults is a dialer whose connections can lose what comes or keep back what goes.
type faults struct {
	mu    sync.Mutex
	loose string // once this is written, answers are lost
	hold  string // once this is written, it and all after it are kept back
	last  *faulty
}

type faulty struct {
	net.Conn
	of   *faults
	mute bool
	held []byte
	keep bool
}

func (f *faults) Dial(network, address string) (net.Conn, error) {
	c, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = &faulty{Conn: c, of: f}
	return f.last, nil
}

// loseAnswerTo drops all that the server says after something was written.
func (f *faults) loseAnswerTo(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loose = what
}

// holdAfter keeps what is written, from something on, in the network.
func (f *faults) holdAfter(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hold = what
}

// cut ends the faults and the connection as the client sees it; what was kept back
// goes to the server when late is called.
func (f *faults) cut() (late func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.loose, f.hold = "", ""
	c := f.last
	if len(c.held) == 0 {
		c.Conn.Close()
		return func() {}
	}
	raw, held := c.Conn, c.held
	c.Conn, _ = net.Pipe() // the client's end breaks, the network's stays
	c.Conn.Close()
	raw.SetReadDeadline(time.Unix(1, 0)) // wakes the client's reader
	return func() {
		raw.SetReadDeadline(time.Time{})
		raw.Write(held)
		raw.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, raw) // the server has read it all when it closes its end
		raw.Close()
	}
}

func (c *faulty) Write(b []byte) (int, error) {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	has := func(what string) bool { return what != "" && bytes.Contains(b, []byte(what)) }
	if c.mute = c.mute || has(c.of.loose); c.keep || has(c.of.hold) {
		c.keep, c.held = true, append(c.held, b...)
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *faulty) Read(b []byte) (int, error) {
	for {
		c.of.mu.Lock()
		conn := c.Conn
		c.of.mu.Unlock()
		n, err := conn.Read(b)
		c.of.mu.Lock()
		lost := c.mute
		c.of.mu.Unlock()
		if err != nil || !lost {
			return n, err
		}
	}
}
