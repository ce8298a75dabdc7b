package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// WebClient asks one engine over HTTP.
type WebClient struct {
	Base  string       // "http://127.0.0.1:9464"
	Token string       // bearer token; "" = none
	HTTP  *http.Client // nil = http.DefaultClient
}

// Order gives an order. A receipt that refuses is no error.
func (c *WebClient) Order(ctx context.Context, ns, rollout, verb, reason string) (r Receipt, err error) {
	body, err := json.Marshal(Request{Reason: reason})
	if err != nil {
		return r, err
	}
	return r, c.ask(ctx, http.MethodPost, "/api/v1/rollouts/"+ns+"/"+rollout+"/"+verb, body, &r)
}

// Status asks where one rollout stands.
func (c *WebClient) Status(ctx context.Context, ns, rollout string) (st Status, err error) {
	return st, c.ask(ctx, http.MethodGet, "/api/v1/rollouts/"+ns+"/"+rollout, nil, &st)
}

// List asks where every rollout of the engine stands.
func (c *WebClient) List(ctx context.Context) (all []Status, err error) {
	var answer struct {
		Rollouts []Status `json:"rollouts"`
	}
	err = c.ask(ctx, http.MethodGet, "/api/v1/rollouts", nil, &answer)
	return answer.Rollouts, err
}

const maxAnswer = 16 << 20 // bytes

func (c *WebClient) ask(ctx context.Context, method, path string, body []byte, answer any) error {
	base, err := url.Parse(c.Base)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return fmt.Errorf("%q is no address of an engine: use http://host:port", c.Base)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(base.String(), "/")+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return fmt.Errorf("%s %s: %s: %.200s", method, path, resp.Status, bytes.TrimSpace(data))
	}
	receipt, isOrder := answer.(*Receipt)
	if resp.StatusCode >= 300 && !isOrder {
		var r Receipt
		if err := json.Unmarshal(data, &r); err != nil {
			return fmt.Errorf("%s %s: %s", method, path, resp.Status)
		}
		if r.Code == CodeUnknown {
			return fmt.Errorf("%s: %w", r.Message, ErrNobody)
		}
		return fmt.Errorf("%s: %s", resp.Status, r.Message)
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("%s %s: the answer cannot be read: %w", method, path, err)
	}
	if isOrder && receipt.Code == CodeUnknown {
		return fmt.Errorf("%s: %w", receipt.Message, ErrNobody)
	}
	return nil
}
