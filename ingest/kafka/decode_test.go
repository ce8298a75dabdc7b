package kafka

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Damage on the way, or on one of several disks, is not damage of the log.
func TestATransientCorruptionIsReadAgain(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	fetches := 0 // on the broker's goroutine
	k.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		bad := data(0, 3)
		bad.badCRC = fetches < corruptRetries
		fetches++
		f := req.(*kmsg.FetchRequest)
		resp := f.ResponseKind().(*kmsg.FetchResponse)
		l := canned{batches: []crafted{bad, data(3, 1)}, high: 4}
		resp.Topics = []kmsg.FetchResponseTopic{{Topic: "log", Partitions: []kmsg.FetchResponseTopicPartition{l.answer(0, f.Topics[0].Partitions[0].FetchOffset)}}}
		return resp, nil, true
	})
	readTo(t, cfg, Assignment{Topic: "log"}, 4).want(t, view{Offsets: upTo(4), Next: 4})
}

// Batches that are each within the limit do not add up beyond it in one run.
func TestARunEndsBeforeItsBatchesAddUp(t *testing.T) {
	const each, batches = 32, 8
	var set []byte
	for i := range int64(batches) {
		c := data(i*each, each)
		for j := range c.values {
			c.values[j] = strings.Repeat("x", 250<<10)
		}
		c.body, c.records, c.attrs = pack(t, Zstd, c.bytes()[headerSize:]), pint(each), int16(Zstd)
		c.values = nil
		set = append(set, c.bytes()...)
	}
	var d decoder
	r := &Records{}
	v := view{}
	for runs := 0; v.Next < each*batches; runs++ {
		r.reset(v.Next)
		if _, err := d.decode(r, set, &answer{highWatermark: each * batches}, false); err != nil || r.Next == r.First {
			t.Fatalf("run %d from %d: %v", runs, r.First, err)
		}
		if len(r.arena) > runBytes+each*(251<<10) {
			t.Errorf("a run of %d bytes from %d of input", len(r.arena), len(set))
		}
		v.see(t, r)
	}
	if len(v.Offsets) != each*batches || len(v.Gaps) > 0 {
		t.Errorf("%d records, gaps %v", len(v.Offsets), v.Gaps)
	}
}

// A batch that promises far more records than its bytes can hold costs nothing;
// one that holds too many is not unfolded.
func TestCountsAreCheckedBeforeAnythingIsReserved(t *testing.T) {
	tiny := appendRecord(nil, kmsg.Record{})
	for _, c := range []struct {
		has, says int
		want      GapReason
	}{{MaxBatchRecords / 2, 1 << 30, GapMalformed}, {MaxBatchRecords + 1, MaxBatchRecords + 1, GapTooLarge}} {
		b := crafted{body: pack(t, Zstd, bytes.Repeat(tiny, c.has)), attrs: int16(Zstd), records: pint(int32(c.says))}
		r := &Records{}
		if _, err := new(decoder).decode(r, b.bytes(), &answer{highWatermark: 1}, false); err != nil {
			t.Fatal(err)
		}
		if len(r.Gaps) != 1 || r.Gaps[0].Reason != c.want || cap(r.Records) > 0 {
			t.Errorf("%d records, %d promised: gaps %v, room for %d", c.has, c.says, r.Gaps, cap(r.Records))
		}
	}
}

func TestTheBrokersTimeIsUsedUnderLogAppendTime(t *testing.T) {
	for _, byBroker := range []bool{false, true} {
		c := data(0, 2)
		if byBroker {
			c.attrs = 1 << 3
		}
		r := &Records{}
		if _, err := new(decoder).decode(r, c.bytes(), &answer{highWatermark: 2}, false); err != nil {
			t.Fatal(err)
		}
		want := int64(1001) // first timestamp 1000 + delta 1
		if byBroker {
			want = 2000 // the batch's greatest timestamp
		}
		if rec := r.Records[1]; rec.Timestamp != want || rec.LogAppend != byBroker {
			t.Errorf("by broker %v: %+v", byBroker, rec)
		}
	}
}

func TestAnAnswerToAnotherRequestIsRefused(t *testing.T) {
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = fetchVersion
	body := resp.AppendTo([]byte{0, 0, 0, 5})
	raw := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	for id, ok := range map[int32]bool{5: true, 6: false} {
		if err := (&frame{r: bytes.NewReader(raw)}).readAnswer(id, nil); (err == nil) != ok {
			t.Errorf("answer 5 to request %d: %v", id, err)
		}
	}
}
