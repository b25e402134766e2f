package archive

import "time"

// Throughput is what came into the bucket since the archive was opened. Bytes are
// of objects as they are stored.
type Throughput struct {
	Since           time.Time
	Events, Bytes   uint64
	EventsPerSecond float64 // over the last minute, or since Since when that is less
	BytesPerSecond  float64
}

const (
	meterSlot  = 5 * time.Second
	meterSlots = int64(time.Minute / meterSlot)
)

// Meter counts what is delivered, by slots of the last minute. One goroutine at a time uses it.
type Meter struct {
	since time.Time
	slots [meterSlots]slot
	total slot
}

type slot struct {
	number        int64 // of the slot since 1970
	events, bytes uint64
}

// NewMeter counts from now on.
func NewMeter(now time.Time) *Meter { return &Meter{since: now} }

// Add counts what was delivered at this time.
func (m *Meter) Add(now time.Time, events, bytes uint64) {
	n := now.UnixNano() / int64(meterSlot)
	s := &m.slots[n%meterSlots]
	if s.number != n {
		*s = slot{number: n}
	}
	for _, s := range []*slot{s, &m.total} {
		s.events += events
		s.bytes += bytes
	}
}

// At is what was counted.
func (m *Meter) At(now time.Time) Throughput {
	t := Throughput{Since: m.since, Events: m.total.events, Bytes: m.total.bytes}
	n := now.UnixNano() / int64(meterSlot)
	for _, s := range m.slots {
		if s.number > n-meterSlots && s.number <= n {
			t.EventsPerSecond += float64(s.events)
			t.BytesPerSecond += float64(s.bytes)
		}
	}
	seconds := max(1, min(time.Minute, now.Sub(m.since)).Seconds())
	t.EventsPerSecond /= seconds
	t.BytesPerSecond /= seconds
	return t
}
