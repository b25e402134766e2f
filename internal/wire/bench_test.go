package wire

import (
	"testing"

	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
)

const benchEvents = 500

func BenchmarkEncode(b *testing.B) {
	key, h := testLane(b)
	events := agentEvents()
	c := NewEncoder()
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		for i := range events {
			c.Add(&events[i])
		}
		msg, _, err := c.Seal(h, key)
		if err != nil {
			b.Fatal(err)
		}
		size = len(msg)
	}
	perEvent(b, size)
}

// BenchmarkEncodeBody leaves header, hashes and signature out.
func BenchmarkEncodeBody(b *testing.B) {
	events := agentEvents()
	c := NewEncoder()
	b.ReportAllocs()
	var packed []byte
	for b.Loop() {
		for i := range events {
			c.Add(&events[i])
		}
		c.appendBody()
		packed = s2.Encode(packed[:cap(packed)], c.body)
		c.Reset()
	}
	perEvent(b, len(packed))
}

func BenchmarkVerify(b *testing.B) {
	msg := benchBatch(b)
	for b.Loop() {
		if err := Verify(msg); err != nil {
			b.Fatal(err)
		}
	}
	perEvent(b, len(msg))
}

func BenchmarkDecode(b *testing.B) {
	msg := benchBatch(b)
	p, h, _, err := read(msg)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeBody(p.body, h); err != nil {
			b.Fatal(err)
		}
	}
	perEvent(b, len(p.body))
}

func BenchmarkOpen(b *testing.B) {
	msg := benchBatch(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(msg); err != nil {
			b.Fatal(err)
		}
	}
	perEvent(b, len(msg))
}

// agentEvents are events as the agent adds them: their ids follow from their
// places, and of a gateway each has an exchange.
func agentEvents() []event.Event {
	events := gatewayEvents(benchEvents)
	for i := range events {
		e := &events[i]
		e.ID = ""
		e.Exchange = event.Exchange{Method: "GET", Path: "/v1/" + e.ResourceName, Status: 200 + int64(i%2)*204, Bytes: int64(i) * 7919 % 60000, DurationMs: int64(i) * 31 % 900}
		if i%4 == 0 {
			e.Exchange.Referer = "https://console.example.com/overview"
		}
	}
	return events
}

func benchBatch(b *testing.B) []byte {
	key, h := testLane(b)
	msg, _ := seal(b, h, key, agentEvents())
	return msg
}

func perEvent(b *testing.B, size int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchEvents, "ns/event")
	b.ReportMetric(float64(size)/benchEvents, "B/event")
}
