package router

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// The router in Python is a second reading of the contract: it shares no code with
// this package.
func TestPythonExampleKeepsTheContract(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the router in Python is not tested")
	}
	if exec.CommandContext(t.Context(), python, "-c", "import cryptography").Run() != nil {
		t.Skip("python3 has no package cryptography: the router in Python is not tested")
	}
	vectors, err := filepath.Abs(contractDir)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-B", "test_contract.py", vectors)
	cmd.Dir = "../../docs/examples/python"
	out, err := cmd.CombinedOutput()
	if err != nil || !regexp.MustCompile(`(?m)^\d{3} passed, 0 failed$`).Match(out) {
		t.Errorf("%v\n%s", err, out)
	}
}
