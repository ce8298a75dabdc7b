package disk_test

import (
	"fmt"
	"os"

	"verdin/internal/pump/disk"
)

// What was not synced is gone after a power cut.
func ExampleMemory_Crash() {
	m := new(disk.Memory)
	f, _ := m.Open("d/a", os.O_CREATE)
	f.Write([]byte("safe"))
	f.Sync()
	m.SyncDir("d")
	f.Write([]byte(" and lost"))
	b, err := m.Crash(false).ReadFile("d/a")
	fmt.Println(string(b), err)
	// Output: safe <nil>
}
