// Package kafka reads partitions of Kafka topics as records, and is the only
// place that writes to Kafka. It is the only importer of kafka-go, of which it
// uses the message definitions and the SASL mechanisms; connections, the fetch
// loop and the parser of record batches are its own, because what comes from a
// log must neither stop the process nor be passed over in silence.
//
// Invariants:
//
//	K1  Offsets add up. For every Records of a partition: First + records +
//	    oversize + skipped + gaps = Next, and First is the Next before it.
//	    Only a log that was cut off (GapTruncated) and a topic that was created
//	    anew (GapRecreated) take Next back.
//	K2  Only committed data is delivered: no control batch, no record of an
//	    aborted transaction, no batch whose CRC-32C is wrong.
//	K3  No byte from the network makes it allocate more than it has received,
//	    or more than MaxBatchBytes and MaxBatchRecords per batch.
//	K4  Within a partition, records come in offset order, each once.
//	K5  A partition is fetched only while one of its three buffers is free: a
//	    receiver that stops releasing stops the fetch of that partition alone.
//	K6  What follows an offset belongs to the history that was read before it:
//	    each leader confirms that, or the run begins with a gap that says so.
//
// A topic is read like this:
//
//	c, err := kafka.Open(ctx, cfg, []kafka.Assignment{{Topic: "ml.predictions", Offset: kafka.Earliest}})
//	…
//	for r := range c.Records() {
//		for i := range r.Records {
//			use(r.Records[i].Value)
//		}
//		r.Release()
//	}
//	return c.Err()
package kafka
