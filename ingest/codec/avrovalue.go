package codec

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"

	"verdin/schemas"
)

// avroTruth reads a boolean.
func (d *Decoder) avroTruth(m *meaning) bool {
	b, ok := d.takeBytes(1)
	switch {
	case !ok:
		return false
	case b[0] > 1:
		return d.syntax("a boolean other than 0 and 1")
	}
	return d.putTruth(m, b[0] == 1)
}

// avroWhole reads an int or a long, which may be a point in time.
func (d *Decoder) avroWhole(n *avroNode, m *meaning) bool {
	v, ok := d.avroLong()
	switch {
	case !ok:
		return false
	case n.kind == avroInt && v != int64(int32(v)):
		return d.syntax("an int of more than 32 bits")
	case m.to == toTime && n.logic == instant:
		return d.putInstant(m, v, int64(n.scale))
	case m.to == toTime && n.logic == noTime:
		d.complain(schemas.RejectTime, m.path+": a date or a local time is no point in time")
		return true
	}
	return d.putNumber(m, float64(v))
}

// avroReal reads a float or a double.
func (d *Decoder) avroReal(kind avroKind) (float64, bool) {
	if kind == avroFloat {
		b, ok := d.takeBytes(4)
		if !ok {
			return 0, false
		}
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), true
	}
	b, ok := d.takeBytes(8)
	if !ok {
		return 0, false
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b)), true
}

// avroString reads a string.
func (d *Decoder) avroString() ([]byte, bool) {
	n, ok := d.avroLong()
	if !ok {
		return nil, false
	}
	b, ok := d.takeBytes(n)
	return b, ok && d.checkText(b)
}

// avroText reads what may stand for a text: a string, an enum's symbol, bytes.
func (d *Decoder) avroText(n *avroNode, m *meaning) bool {
	switch n.kind {
	case avroString:
		b, ok := d.avroString()
		return ok && d.putText(m, b)
	case avroEnum:
		i, ok := d.avroLong()
		if !ok {
			return false
		}
		if i < 0 || i >= int64(len(n.symbols)) {
			return d.syntax("a symbol that the enum does not have")
		}
		d.buf = append(d.buf[:0], n.symbols[i]...)
		return d.checkText(d.buf) && d.putText(m, d.buf)
	}
	size, ok := int64(n.size), true
	if n.kind == avroBytes {
		size, ok = d.avroLong()
	}
	if !ok {
		return false
	}
	b, ok := d.takeBytes(size)
	switch {
	case !ok:
		return false
	case m.to == toNothing && m.col < 0 && m.want == anything:
		return true // bytes that nobody reads may be anything
	case n.logic == decimal10:
		return d.putDecimal(m, b, n.scale)
	case n.logic == uuid:
		d.buf = appendUUID(d.buf[:0], b)
		return d.putText(m, d.buf)
	}
	return d.checkText(b) && d.putText(m, b)
}

// putDecimal puts a number of big-endian bytes in two's complement, scale digits
// of which stand after the point.
func (d *Decoder) putDecimal(m *meaning, b []byte, scale int) bool {
	if len(b) == 0 || len(b) > maxID {
		return d.syntax("a decimal of no bytes or too many")
	}
	v := int64(int8(b[0]))
	for _, c := range b[1:] {
		v = v<<8 | int64(c)
	}
	if len(b) <= 8 && v < 1<<53 && v > -1<<53 && scale < len(pow10) {
		return d.putNumber(m, float64(v)/pow10[scale]) // both exact: one rounding
	}
	n := new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	x, _ := strconv.ParseFloat(n.String()+"e-"+strconv.Itoa(scale), 64) // ±Inf if too large
	return d.putNumber(m, x)
}
