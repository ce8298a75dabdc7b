package engine_test

import "verdin/internal/engine"

// thin is the list, and under the race detector every fifth of it.
func thin[T any](list []T) (out []T) {
	for i := 0; i < len(list); i += engine.Stride {
		out = append(out, list[i])
	}
	return out
}
