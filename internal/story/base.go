package story

import (
	_ "embed"
	"strings"
)

// baseSpec is the spec of scripts that name none.
//
//go:embed base.yaml
var baseSpec string

// usualWorld is what holds from the beginning in stories with that spec.
const usualWorld = `traffic 20/s
both error_type 1%
both outcome.correct 80%
both labels after 20s`

func usual() (all []line) {
	p := &parser{file: "the usual world", s: &Script{}}
	for _, l := range strings.Split(usualWorld, "\n") {
		if err := p.told("0s " + l); err != nil {
			panic(err) // a constant of this file
		}
	}
	return p.s.world
}
