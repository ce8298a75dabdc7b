// Package codec turns the bytes of a record into a row of a schemas.Chunk.
//
// The walk goes once over the bytes, checks all of them, and stores only what
// the layout asks for; no event struct is made and nothing is allocated once
// the names of the members have been met. The formats are the table in
// formats.go, the fields are the tables in fields.go.
//
// Invariants:
//
//	C2  Append leaves exactly one row or one rejection per record, never a part of a row.
//	D1  Whether a record becomes a row, and which, depends on its bytes, headers and
//	    times alone: not on the records before it (but for "@pos", which binds the
//	    lines of a file to one partition) and not on the order of its members.
//	D2  No text of a record reaches a rejection.
//
// Strictness (RFC 8259 and more): UTF-8 without lone surrogates, no member twice
// in one object, names compared byte by byte, nothing after the object, the
// limits of limits.go. Members that the contract does not know are checked as
// JSON and skipped.
package codec
