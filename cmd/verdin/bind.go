package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"verdin/decision"
	"verdin/internal/engine"
)

// parseSpec reads the text of the spec in a file, and the baselines that it names: files
// beside it.
func parseSpec(data []byte, path string) (*decision.Spec, error) {
	spec, err := decision.Parse(data, path)
	if err != nil {
		return nil, usage(err)
	}
	spec, err = engine.Bind(spec, func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(path), name)
		}
		return readSmall(name, decision.MostBaselines)
	})
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", path, err))
	}
	return spec, nil
}

// readSmall reads a file that may have so many bytes.
func readSmall(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("%s has more than %d bytes: calibrate with the fields that the spec watches", path, most)
	}
	return data, err
}

// textOf is the text by which a spec is kept: as it stands in its file, or, where it names
// baselines, with them.
func textOf(spec *decision.Spec, data []byte) string {
	if len(spec.Baselines) > 0 {
		return string(spec.Text())
	}
	return string(data)
}
