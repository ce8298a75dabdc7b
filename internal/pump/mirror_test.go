package pump

import (
	"context"
	"sync/atomic"
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
		var behind, said atomic.Uint64 // the bubble's clock orders nothing for the race detector
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			s.Copy(ctx, m, behind.Store, func(error) { said.Add(1) })
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
		if m.len() != 1 || behind.Load() != 3 || said.Load() != 1 {
			t.Errorf("while it is away: %d records, %d behind, told %d times", m.len(), behind.Load(), said.Load())
		}
		m.away(false)
		<-time.After(10 * time.Second)
		synctest.Wait()
		if m.len() != n || behind.Load() != 0 {
			t.Errorf("after the outage: %d of %d records, %d behind", m.len(), n, behind.Load())
		}
		write()
		synctest.Wait()
		if m.len() != n {
			t.Errorf("%d of %d records", m.len(), n)
		}
		stop()
		<-gone
	})
}
