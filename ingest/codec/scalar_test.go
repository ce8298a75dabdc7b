package codec

import (
	"fmt"
	"math/rand"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Numbers are those of strconv, whichever path they take.
func TestNumbersRoundAsStrconvDoes(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	texts := []string{"0", "-0", "1e15", "9007199254740992", "9007199254740993", "0.1", "1e-22", "1e-23", "123456789012345678", "5e-324", "0.3e-400", "1.7976931348623157e-308"}
	for range 20_000 {
		texts = append(texts,
			strconv.FormatFloat(rng.NormFloat64()*1e3, 'g', 1+rng.Intn(17), 64),
			fmt.Sprintf("%d.%019de%d", rng.Intn(1000), rng.Int63(), rng.Intn(40)-30),
			fmt.Sprintf("-%d.%de-%d", rng.Intn(9), rng.Intn(1e9), rng.Intn(25)))
	}
	for _, text := range texts {
		s := scanner{src: []byte(text)}
		if !s.number() || s.pos != len(text) {
			t.Fatalf("%s: %s", text, s.detail)
		}
		got, ok := s.float()
		want, _ := strconv.ParseFloat(text, 64)
		if inside := want <= maxNumber && want >= -maxNumber; ok != inside || ok && got != want {
			t.Errorf("%s: got %v %v, want %v %v", text, got, ok, want, inside)
		}
		if got == 0 && 1/got < 0 {
			t.Errorf("%s: a negative zero", text)
		}
	}
}

// Times are those of the standard library, within the years that events may have.
func TestTimesAgreeWithTheStandardLibrary(t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	zones := []string{"Z", "+00:00", "-07:30", "+23:59", "", "+25:00", "+12:61", "+1:00", "z"}
	fractions := []string{"", ".5", ".123456789", ".1234567891", ".", ".x"}
	for range 200_000 {
		text := fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d%s%s", 1968+rng.Intn(234), rng.Intn(14), rng.Intn(33),
			rng.Intn(26), rng.Intn(62), rng.Intn(62), fractions[rng.Intn(len(fractions))], zones[rng.Intn(len(zones))])
		checkTime(t, text)
	}
	for _, text := range []string{"2024-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01",
		"2199-12-31T23:59:59.999999999-23:59", "2026-03-01 12:00:00Z", "2026-03-01T12:00:00", "2026-03-01T12:00:00,5Z", "", "2026-03-01", strings.Repeat("\x00", len(toMinute)) + "00Z"} {
		checkTime(t, text)
	}
	for _, text := range []string{"2026-03-01T12:00:00+24:00", "2026-03-01T12:00:00+12:60"} {
		if _, ok := new(clock).parse([]byte(text)); ok {
			t.Errorf("%s: accepted; the standard library does so too, RFC 3339 does not", text)
		}
	}
}

// running reads one time after another.
var running clock

func checkTime(t *testing.T, text string) {
	t.Helper()
	got, ok := new(clock).parse([]byte(text))
	for range 2 {
		if next, nextOK := running.parse([]byte(text)); next != got || nextOK != ok {
			t.Errorf("%s: %v %v by a clock that has read others, %v %v by a new one", text, next, nextOK, got, ok)
		}
	}
	want, err := time.Parse(time.RFC3339Nano, upperZ(text))
	valid := err == nil && want.Unix() >= 0 && text[:4] >= "1970" && text[:4] < "2200" && text[19] != ','
	if ok != valid || ok && !got.Std().Equal(want) {
		t.Errorf("%s: got %v %v, want %v %v", text, got, ok, want, valid)
	}
}

// upperZ spells a zone of z as Z: RFC 3339 allows both, the standard library one.
func upperZ(text string) string {
	if n := len(text); n > 0 && text[n-1] == 'z' {
		return text[:n-1] + "Z"
	}
	return text
}

func TestTheFirstSpecialByteOfEight(t *testing.T) {
	for i := range 8 {
		for c := range 256 {
			word := []byte("zzz~ !x9")
			word[i] = byte(c)
			s := scanner{src: append([]byte(`"`), append(word, '"')...)}
			s.text()
			plain := c >= ' ' && c < 0x80 && c != '"' && c != '\\'
			if plain != (s.reason == "" && s.pos == 10) && c != '"' {
				t.Errorf("byte %#x at %d: %s, at %d", c, i, s.detail, s.pos)
			}
		}
	}
}
