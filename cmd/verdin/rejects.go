package main

import (
	"context"
	"fmt"

	"verdin/schemas"
)

// rejects is the account of lines that became no event.
type rejects struct {
	n     int
	first string // where the first one stands and what is wrong with it
}

// watched is a recording that accounts for its rejected lines.
type watched struct {
	source
	file    string
	account *rejects
}

// Next passes a chunk on.
func (w watched) Next(ctx context.Context) (*schemas.Chunk, error) {
	c, err := w.source.Next(ctx)
	if c != nil {
		w.account.note(w.file, c.Rejected)
	}
	return c, err
}

func (r *rejects) note(file string, all []schemas.Rejection) {
	if r.n == 0 && len(all) > 0 {
		r.first = fmt.Sprintf("%s, offset %d: %s: %s", file, all[0].Offset, all[0].Reason, all[0].Detail)
	}
	r.n += len(all)
}

// String is "" if there are none.
func (r *rejects) String() string {
	if r.n == 0 {
		return ""
	}
	return fmt.Sprintf("%d lines rejected, the first: %s", r.n, r.first)
}
