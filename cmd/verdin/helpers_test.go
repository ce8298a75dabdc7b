package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience bounds every wait for an event: far more than any of them takes, so
// that a slow machine fails no test.
const patience = 60 * time.Second

// result is what a command left behind.
type result struct {
	code      int
	out, diag string
}

// verdin runs the program in this process, to its end.
func verdin(t *testing.T, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var out, diag bytes.Buffer
	code := run(ctx, args, strings.NewReader(""), &out, &diag)
	return result{code, out.String(), diag.String()}
}

var built struct {
	once sync.Once
	path string
	err  error
}

// binary is the program, built once for all tests of a run.
func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		dir, err := os.MkdirTemp("", "verdin-test-")
		if built.err = err; err != nil {
			return
		}
		built.path = filepath.Join(dir, "verdin")
		if out, err := exec.Command("go", "build", "-o", built.path, ".").CombinedOutput(); err != nil {
			built.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	must(t, built.err)
	return built.path
}

// TestMain removes what the tests of a run share.
func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		os.RemoveAll(filepath.Dir(built.path))
	}
	os.Exit(code)
}

// output collects what a running program writes, and wakes whoever waits for it.
type output struct {
	mu   sync.Mutex
	text []byte
	read int           // how far await has looked
	news chan struct{} // one place: a second wake-up says nothing new
}

func newOutput() *output { return &output{news: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	o.text = append(o.text, p...)
	o.mu.Unlock()
	select {
	case o.news <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// next returns the first whole line with all parts after those that were looked at.
func (o *output) next(parts []string) (line string, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		n := bytes.IndexByte(o.text[o.read:], '\n')
		if n < 0 {
			return "", false
		}
		line := string(o.text[o.read : o.read+n])
		o.read += n + 1
		if containsAll(line, parts) {
			return line, true
		}
	}
}

// await waits for a line with all parts.
func (o *output) await(t *testing.T, parts ...string) string {
	t.Helper()
	return o.awaitFor(t, patience, parts...)
}

// awaitFor is await with a patience of its own.
func (o *output) awaitFor(t *testing.T, patience time.Duration, parts ...string) string {
	t.Helper()
	late := time.After(patience)
	for {
		if line, ok := o.next(parts); ok {
			return line
		}
		select {
		case <-o.news:
		case <-late:
			t.Fatalf("no line with %q came within %v; there was:\n%s", parts, patience, o)
		}
	}
}

func containsAll(s string, parts []string) bool {
	for _, p := range parts {
		if !strings.Contains(s, p) {
			return false
		}
	}
	return true
}

// program is a command that runs until it is stopped.
type program struct {
	*output // diagnostics
	out     *output
	cancel  context.CancelFunc
	code    chan int
}

// launch starts a command in this process.
func launch(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{output: newOutput(), out: newOutput(), cancel: cancel, code: make(chan int, 1)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.code <- run(ctx, args, strings.NewReader(""), p.out, p.output)
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return p
}

// exit waits for the program's end.
func (p *program) exit(t *testing.T) int {
	t.Helper()
	select {
	case code := <-p.code:
		return code
	case <-time.After(patience):
		t.Fatalf("the program did not end within %v; it said:\n%s", patience, p)
		return -1
	}
}

// stop ends the program as SIGTERM does.
func (p *program) stop(t *testing.T) int {
	t.Helper()
	p.cancel()
	return p.exit(t)
}

// goroutines returns the stacks that run the project's code or that of a client
// library, but for those of tests.
func goroutines() (ours []string) {
	buf := make([]byte, 1<<20)
	for _, stack := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		own := strings.Contains(stack, "verdin/") || strings.Contains(stack, "nats-io/nats.go") || strings.Contains(stack, "segmentio/kafka-go")
		if own && !strings.Contains(stack, "_test.go") && !strings.Contains(stack, "testing.tRunner") {
			ours = append(ours, stack)
		}
	}
	return ours
}

// eventually waits for what no event announces.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	late := time.After(patience)
	for !holds() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// noGoroutinesLeft fails if the program left anything running. Goroutines end a
// moment after what they serve was closed.
func noGoroutinesLeft(t *testing.T) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log(strings.Join(goroutines(), "\n\n"))
		}
	}()
	eventually(t, "no goroutine is left", func() bool { return len(goroutines()) == 0 })
}

// write makes a file in dir and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
