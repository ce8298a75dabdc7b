package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"verdin/ingest/codec"
)

const (
	maxAnswer     = 4 << 20          // bytes of one answer
	maxReferences = 256              // schemas that one schema may refer to, all together
	answerTimeout = 10 * time.Second // of one question
)

// newClient returns a client that logs in anew for every request.
func newClient(cfg Config) (*sr.Client, error) {
	files, err := cfg.TLS.load()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = files
	opts := []sr.ClientOpt{
		sr.URLs(cfg.URL), sr.UserAgent("verdin"),
		sr.HTTPClient(&http.Client{Timeout: answerTimeout, Transport: capped{transport}}),
	}
	if cfg.User != "" {
		opts = append(opts, sr.PreReq(func(req *http.Request) error {
			password, err := cfg.Password.read()
			if err != nil {
				return err
			}
			req.SetBasicAuth(cfg.User, password)
			return nil
		}))
	}
	return sr.NewClient(opts...)
}

// capped refuses answers that are too long.
type capped struct{ next http.RoundTripper }

func (c capped) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{&limited{resp.Body, maxAnswer}, resp.Body}
	}
	return resp, err
}

// limited fails, instead of ending, after a number of bytes.
type limited struct {
	io.Reader
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if l.left -= n; l.left < 0 {
		return 0, fmt.Errorf("an answer above %d bytes", maxAnswer)
	}
	return n, err
}

// answer is a schema as the registry's HTTP interface shows it. The library's own
// type refuses formats that it does not know.
type answer struct {
	Schema     string `json:"schema"`
	Type       string `json:"schemaType"` // empty = Avro
	References []struct {
		Name    string `json:"name"`
		Subject string `json:"subject"`
		Version int    `json:"version"`
	} `json:"references"`
}

func (r *Registry) get(ctx context.Context, path string) (a answer, err error) {
	ctx = sr.WithParams(ctx, sr.ShowDeleted) // what was deleted softly still has records
	err = r.client.Do(ctx, http.MethodGet, path, nil, &a)
	return a, err
}

// ask asks once: nil without an error means that there is no such schema.
func (r *Registry) ask(ctx context.Context, id codec.SchemaID) (*codec.Schema, error) {
	path := "/schemas/ids/" + id.String()
	if id.Global {
		path = "/schemas/guids/" + id.String()
	}
	a, err := r.get(ctx, path)
	if err != nil {
		return nil, unlessMissing(err)
	}
	out := &codec.Schema{Format: cmp.Or(a.Type, codec.FormatAvro), Text: a.Schema}
	if missing, err := r.references(ctx, a, out, map[string]bool{}); missing || err != nil {
		return nil, err
	}
	return out, nil
}

// references appends what a schema refers to, each after what it refers to
// itself. It is true if the registry does not have one of them.
func (r *Registry) references(ctx context.Context, a answer, out *codec.Schema, met map[string]bool) (missing bool, err error) {
	for _, ref := range a.References {
		if met[ref.Name] {
			continue
		}
		if met[ref.Name] = true; len(met) > maxReferences {
			return true, nil
		}
		inner, err := r.get(ctx, "/subjects/"+url.PathEscape(ref.Subject)+"/versions/"+strconv.Itoa(ref.Version))
		if err != nil {
			err = unlessMissing(err)
			return err == nil, err
		}
		if missing, err := r.references(ctx, inner, out, met); missing || err != nil {
			return missing, err
		}
		out.References = append(out.References, codec.Reference{Name: ref.Name, Text: inner.Schema})
	}
	return false, nil
}

// unlessMissing is nil if the registry itself says that there is no such thing.
func unlessMissing(err error) error {
	var e *sr.ResponseError
	if errors.As(err, &e) && e.StatusCode == http.StatusNotFound {
		switch e.ErrorCode {
		case sr.ErrSubjectNotFound.Code, sr.ErrVersionNotFound.Code, sr.ErrSchemaNotFound.Code:
			return nil
		}
	}
	return explain(err)
}

// explain says what to do about an error.
func explain(err error) error {
	var e *sr.ResponseError
	if !errors.As(err, &e) {
		return fmt.Errorf("%w: is it running, and is kafka.registry.url right?", err)
	}
	switch e.StatusCode {
	case http.StatusUnauthorized:
		return errors.New("it refuses the login (401): check kafka.registry.user and password")
	case http.StatusForbidden:
		return errors.New("it does not let this user read (403): grant read access to schemas")
	case http.StatusNotFound:
		return errors.New("it answers 404 as no registry does: is kafka.registry.url right?")
	}
	return fmt.Errorf("it answers %d, error code %d", e.StatusCode, e.ErrorCode)
}
