package story

import (
	"verdin/ingest/codec"
	"verdin/internal/pump"
	"verdin/schemas"
)

type decoderOf = codec.Decoder

// newDecoder decodes a log as a rollout in production does.
func newDecoder(layout *schemas.Layout, log schemas.Log) *decoderOf {
	return codec.New(layout, pump.Decoding(log, nil))
}
