// Package arrowipc reads and writes files of the Arrow IPC format whose columns
// are flat: booleans, integers, floats, texts and timestamps.
//
// The library writes them and holds the columns. Reading is ours: the library's
// own reader trusts the lengths that a file states, so one changed byte makes it
// ask for more memory than there is, which ends the process and cannot be
// recovered (apache/arrow-go, the IPC reader of v17 and v18).
//
// Invariants:
//
//	A1  No file makes Reader panic or hold more than MaxBatch twice (packed and
//	    unpacked) and MaxMetadata, whatever lengths it states.
//	A2  What Next returns is whole: every text of every row lies inside its column.
//	A3  A file that was cut off gives io.ErrUnexpectedEOF, never an early io.EOF.
//
// Source: Arrow columnar format, "Serialization and IPC" and Schema.fbs, Message.fbs, File.fbs.
package arrowipc

const (
	MaxMetadata = 4 << 20   // bytes of a message's description, and of the footer
	MaxBatch    = 128 << 20 // bytes of a batch, packed or unpacked
	MaxColumns  = 8192
	MaxRows     = 1 << 24 // rows of a batch
)
