package flags

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"

	"verdin/schemas"
)

// flagdFlag is one flag of a flagd file.
type flagdFlag struct {
	State          string            `json:"state"`
	Variants       map[string]string `json:"variants"`
	DefaultVariant string            `json:"defaultVariant"`
	Targeting      any               `json:"targeting,omitempty"`
	Metadata       map[string]string `json:"metadata"`
}

// Flagd is the flag file that flagd polls. Members stand in the order of their names,
// so that equal flags give equal bytes.
func Flagd(all []Flag) ([]byte, error) {
	file := struct {
		Schema string               `json:"$schema"`
		Flags  map[string]flagdFlag `json:"flags"`
	}{"https://flagd.dev/schema/v0/flags.json", map[string]flagdFlag{}}
	for _, f := range all {
		file.Flags[f.Key] = f.flagd()
	}
	data, err := json.MarshalIndent(file, "", "  ")
	return append(data, '\n'), err
}

func (f *Flag) flagd() flagdFlag {
	out := flagdFlag{State: "ENABLED", DefaultVariant: Stable,
		Variants: map[string]string{Canary: f.CanaryVersion, Stable: f.StableVersion},
		Metadata: map[string]string{"generation": strconv.FormatUint(f.Generation, 10), "sequence": strconv.FormatUint(f.Sequence, 10), "phase": f.Phase}}
	switch {
	case f.WeightBps <= 0:
	case f.WeightBps >= schemas.WeightTotal:
		out.DefaultVariant = Canary
	default:
		unit := map[string]any{"var": "targetingKey"}
		fractional := map[string]any{"fractional": []any{
			map[string]any{"cat": []any{f.Salt, unit}}, []any{Canary, f.WeightBps}, []any{Stable, schemas.WeightTotal - f.WeightBps}}}
		out.Targeting = map[string]any{"if": []any{map[string]any{"!!": []any{unit}}, fractional, Stable}}
	}
	return out
}

// ETag names bytes by their content, as HTTP wants it.
func ETag(data []byte) string {
	sum := sha256.Sum256(data)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}
