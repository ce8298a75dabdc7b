package kafka

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// repair sets the checksums of all batches that can be framed, so that
// mutations get past them.
func repair(set []byte) []byte {
	set = slices.Clone(set)
	for rest := set; len(rest) >= headerSize; {
		size := int64(int32(binary.BigEndian.Uint32(rest[8:]))) + lengthEnd
		if size < headerSize || size > int64(len(rest)) {
			break
		}
		binary.BigEndian.PutUint32(rest[crcAt:], crc32.Checksum(rest[coveredAt:size], castagnoli))
		rest = rest[size:]
	}
	return set
}

// FuzzDecode: whatever the record set, offsets add up, memory is bounded, and
// where both clients take everything they deliver the same.
func FuzzDecode(f *testing.F) {
	join := func(cs ...crafted) (all []byte) {
		for _, c := range cs {
			all = append(all, c.bytes()...)
		}
		return all
	}
	seed := func(set []byte) { f.Add(set, int64(0), int64(1000), int64(7), int64(2), false) }
	seed(join(data(0, 3), empty(3, 2), empty(5, 1), data(6, 3)))
	seed(join(data(0, 2), crafted{base: 2, delta: 0, attrs: 1 << 4, producer: 7, values: []string{"x"}}, marker(3, 7, false), data(4, 3)))
	header := appendRecord(nil, kmsg.Record{Key: []byte("k"), Value: []byte("v"), Headers: []kmsg.Header{{Key: "a", Value: []byte("b")}, {Key: "n"}}})
	seed(join(crafted{body: header, records: pint(1)}))
	for _, codec := range codecs {
		if codec != None {
			seed(join(crafted{body: pack(f, codec, header), records: pint(1), attrs: int16(codec)}, data(1, 2)))
		}
	}
	var d decoder
	f.Fuzz(func(t *testing.T, raw []byte, at, high, producer, first int64, compacted bool) {
		if at < 0 || high < 0 || high > math.MaxInt64-1 {
			return
		}
		set := repair(raw)
		a := &answer{highWatermark: high, aborted: []abortedTxn{{producer, first}}}
		r := &Records{}
		r.reset(at)
		rest, err := d.decode(r, set, a, compacted)
		v := view{Next: at}
		v.see(t, r)
		if cap(r.arena) > runBytes+2*MaxBatchBytes || cap(r.Records) > 2*(runRecords+MaxBatchRecords) {
			t.Errorf("%d bytes gave an arena of %d and room for %d records", len(set), cap(r.arena), cap(r.Records))
		}
		next, ok := foresee(set, at, high)
		if next < at || err == nil && len(rest) == 0 && len(r.Gaps) == 0 && ok && next != r.Next {
			t.Errorf("decoding from %d was expected to end at %d, and ended at %d", at, next, r.Next)
		}
		if err != nil {
			if end := corruptEnd(rest, r.Next, high); end <= r.Next {
				t.Errorf("a gap from %d to %d", r.Next, end)
			}
			return
		}
		compare(t, r, set, at, a)
	})
}

// compare checks a run that took all of set against the independent client.
func compare(t *testing.T, r *Records, set []byte, at int64, a *answer) {
	if len(r.Gaps) > 0 || len(r.Oversize) > 0 || len(r.arena) > 1<<20 {
		return
	}
	end := int64(0)
	for rest := set; len(rest) > 0; {
		b, after, err := split(rest)
		if err != nil {
			break
		}
		if b.base < end {
			return // batches that overlap: no log has them, and which record counts is open
		}
		if b.control() {
			c := cursor{b: b.body}
			rec, _, _ := c.record(&b, nil)
			if b.records != 1 || c.bad || len(c.b) > 0 || len(rec.Key) != 4 || rec.Key[1] > 0 {
				return // no marker: we pass over it, kgo stops there
			}
		}
		end = b.last + 1
		if x := a.aborted[0].first; b.base < x && x <= b.last {
			return // no transaction begins within a batch; the Java client and we drop it, kgo does not
		}
		rest = after
	}
	p := kmsg.NewFetchResponseTopicPartition()
	p.HighWatermark, p.LastStableOffset, p.RecordBatches = a.highWatermark, a.highWatermark, set
	for _, x := range a.aborted {
		p.AbortedTransactions = append(p.AbortedTransactions, kmsg.FetchResponseTopicPartitionAbortedTransaction{ProducerID: x.producer, FirstOffset: x.first})
	}
	theirs, next := kgo.ProcessFetchPartition(kgo.ProcessFetchPartitionOpts{Offset: at, IsolationLevel: kgo.ReadCommitted(), Topic: "log"}, &p, kgo.DefaultDecompressor(), nil)
	if theirs.Err != nil || next < r.Next {
		return // it stopped somewhere
	}
	var want []*kgo.Record
	for _, rec := range theirs.Records {
		if rec.Offset < r.Next {
			want = append(want, rec)
		}
	}
	if len(want) != len(r.Records) {
		t.Fatalf("%d records, kgo has %d", len(r.Records), len(want))
	}
	for i, rec := range r.Records {
		k := want[i]
		if rec.Offset != k.Offset || !bytes.Equal(rec.Key, k.Key) || !bytes.Equal(rec.Value, k.Value) || (rec.Value == nil) != (k.Value == nil) || len(rec.Headers) != len(k.Headers) {
			t.Fatalf("record %d: %+v, kgo has %+v", i, rec, k)
		}
		for j, h := range rec.Headers {
			if string(h.Key) != k.Headers[j].Key || !bytes.Equal(h.Value, k.Headers[j].Value) {
				t.Fatalf("record %d: header %q=%q, kgo has %+v", i, h.Key, h.Value, k.Headers[j])
			}
		}
	}
}

// FuzzAnswer: an answer of any bytes ends in an error or in sets that lie within it.
func FuzzAnswer(f *testing.F) {
	resp := kmsg.NewPtrFetchResponse()
	resp.Version = fetchVersion
	resp.Topics = []kmsg.FetchResponseTopic{{Topic: "log", Partitions: []kmsg.FetchResponseTopicPartition{canned{
		batches: []crafted{data(0, 3)}, high: 3, aborted: []kmsg.FetchResponseTopicPartitionAbortedTransaction{{ProducerID: 1, FirstOffset: 2}},
	}.answer(0, 0)}}}
	body := resp.AppendTo([]byte{0, 0, 0, 5})
	f.Add(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	f.Add([]byte{0x0f, 0xff, 0xff, 0xff, 0, 0, 0, 5})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got []*Records
		err := (&frame{r: bytes.NewReader(raw)}).readAnswer(5, func([]byte, int32) *Records {
			got = append(got, &Records{})
			return got[len(got)-1]
		})
		total := 0
		for _, r := range got {
			total += len(r.raw)
			if cap(r.raw) > 2*len(raw)+2<<20 || 16*cap(r.answer.aborted) > 4*len(raw)+1<<10 {
				t.Errorf("%d bytes made room for %d and %d transactions", len(raw), cap(r.raw), cap(r.answer.aborted))
			}
		}
		if total > len(raw) {
			t.Errorf("%d bytes gave sets of %d: %v", len(raw), total, err)
		}
	})
}

// idsAnswer is what another implementation answers to a question for topic ids.
func idsAnswer(topics ...string) []byte {
	resp := kmsg.NewPtrMetadataResponse()
	resp.Version = idsVersion
	resp.Brokers = []kmsg.MetadataResponseBroker{{NodeID: 1, Host: "kafka-1", Port: 9092, Rack: kmsg.StringPtr("a")}}
	for i := range topics {
		t := kmsg.NewMetadataResponseTopic()
		t.Topic, t.TopicID = &topics[i], [16]byte{byte(i + 1), 15: 7}
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Replicas, p.ISR = []int32{1, 2, 3}, []int32{1}
		t.Partitions = append(t.Partitions, p)
		resp.Topics = append(resp.Topics, t)
	}
	return resp.AppendTo([]byte{0, 0, 0, 5, 0})
}

func TestTopicIDsAreReadAsOthersWriteThem(t *testing.T) {
	raw := idsAnswer("log", "more")
	got := map[string]TopicID{}
	f := frame{r: bytes.NewReader(raw), remain: int64(len(raw))}
	f.ids(5, got)
	if want := map[string]TopicID{"log": {1, 15: 7}, "more": {2, 15: 7}}; f.err != nil || f.remain != 0 || !maps.Equal(got, want) {
		t.Errorf("%v, %v, %d bytes are left", got, f.err, f.remain)
	}
	req := kmsg.NewPtrMetadataRequest()
	req.Version = idsVersion
	if err := req.ReadFrom(idsRequest(5, []string{"log", "more"})[4+2+2+4+2+len(clientID)+1:]); err != nil || len(req.Topics) != 2 || *req.Topics[1].Topic != "more" || req.AllowAutoTopicCreation {
		t.Errorf("request %+v, %v", req, err)
	}
}
