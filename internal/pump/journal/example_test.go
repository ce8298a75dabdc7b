package journal_test

import (
	"fmt"

	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
)

// A journal is appended to, synced, and read again.
func Example() {
	fs := new(disk.Memory)
	f, _ := journal.Open(fs, "state", journal.Options{}, nil)
	f.Append(&journal.Cut{Seq: 1, Next: []int64{42}})
	f.Append(&journal.End{Reason: "done"})
	fmt.Println(f.Sync(), f.Close())

	journal.Open(fs, "state", journal.Options{}, func(index uint64, json []byte) error {
		r, err := journal.Parse(json)
		if c, ok := r.(*journal.Cut); ok {
			fmt.Println(index, journal.Kind(json), c.Next, err)
		}
		return err
	})
	// Output:
	// <nil> <nil>
	// 1 cut [42] <nil>
}
