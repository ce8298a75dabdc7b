package pump

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
)

// The mirror follows the journal through an outage, in order and without a gap, and
// never holds up whoever writes.
func TestTheMirrorCatchesUpAfterAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := OpenStore("d", StoreOptions{FS: new(disk.Memory)})
		if err != nil {
			t.Fatal(err)
		}
		m := &mirror{}
		ctx, stop := context.WithCancel(context.Background())
		var behind uint64
		var said []error
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			s.Copy(ctx, m, func(n uint64) { behind = n }, func(err error) { said = append(said, err) })
		}()
		n := 0
		write := func() {
			n++
			if err := s.commit(&journal.Activation{Format: journal.Format, Generation: uint64(n)}); err != nil {
				t.Fatal(err)
			}
		}
		write()
		synctest.Wait()
		m.away(true)
		for range 3 {
			write()
		}
		<-time.After(time.Minute)
		synctest.Wait()
		if len(m.records) != 1 || behind != 3 || len(said) != 1 {
			t.Errorf("while it is away: %d records, %d behind, told %v", len(m.records), behind, said)
		}
		m.away(false)
		<-time.After(10 * time.Second)
		synctest.Wait()
		if len(m.records) != n || behind != 0 {
			t.Errorf("after the outage: %d of %d records, %d behind", len(m.records), n, behind)
		}
		write()
		synctest.Wait()
		if len(m.records) != n {
			t.Errorf("%d of %d records", len(m.records), n)
		}
		stop()
		<-gone
	})
}
