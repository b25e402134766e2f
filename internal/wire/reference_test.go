package wire

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/actiontrail/actiontrail/event"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/v1"
)

// The generated types must read what the encoder writes by hand. reference is a
// second decoder, slow and plain, written after docs/format/batch.md.
func reference(tb testing.TB, msg []byte) (*pb.BatchHeader, []event.Event) {
	tb.Helper()
	p, err := split(msg)
	if err != nil {
		tb.Fatal(err)
	}
	h := &pb.BatchHeader{}
	if err := proto.Unmarshal(p.header, h); err != nil {
		tb.Fatal(err)
	}
	again, err := proto.MarshalOptions{Deterministic: true}.Marshal(h)
	if err != nil || string(again) != string(p.header) {
		tb.Errorf("header is not as the generated type writes it (%v):\n%x\n%x", err, p.header, again)
	}
	raw, err := s2.Decode(nil, p.body)
	if err != nil {
		tb.Fatal(err)
	}
	cols := &pb.Columns{}
	if err := proto.Unmarshal(raw, cols); err != nil {
		tb.Fatal(err)
	}
	if len(cols.ProtoReflect().GetUnknown()) > 0 {
		tb.Error("the encoder writes columns that the .proto does not have")
	}
	n := int(h.Events)
	events := make([]event.Event, n)
	var targets [nStrings]*string
	for k := range nStrings {
		fd := cols.ProtoReflect().Descriptor().Fields().ByNumber(protowire.Number(k + 1))
		col := cols.ProtoReflect().Get(fd).Message().Interface().(*pb.Strings)
		for i, s := range stringsOf(tb, col, n) {
			point(&targets, &events[i])
			*targets[k] = s
		}
	}
	times, observed := timesOf(cols.EventTime, n), timesOf(cols.ObservedTime, n)
	end, length, generation, status := int64(0), int64(0), int64(0), int64(0)
	for i := range events {
		e := &events[i]
		e.Time, e.Origin.Observed = times[i], observed[i]
		if d := cols.OriginOffset.GetDeltas(); d != nil {
			e.Origin.Offset = d[i]
		}
		e.Origin.Offset += end
		if d := cols.OriginLength.GetDeltas(); d != nil {
			length += d[i]
		}
		e.Origin.Length = length
		end = e.Origin.Offset + e.Origin.Length + 1
		if d := cols.OriginGeneration.GetDeltas(); d != nil {
			generation += d[i]
		}
		x := &e.Exchange
		if d := cols.ExchangeStatus.GetDeltas(); d != nil {
			status += d[i]
		}
		if x.Status, x.Bytes, x.DurationMs = status, -1, -1; status != 0 {
			if d := cols.ExchangeBytes.GetDeltas(); d != nil {
				x.Bytes += d[i]
			}
			if d := cols.ExchangeDuration.GetDeltas(); d != nil {
				x.DurationMs += d[i]
			}
			e.Additional = x.Object()
		}
		e.Exchange = event.Exchange{}
		if e.ID == "" {
			base := event.NewIDBase(h.AgentKey, h.Source, e.Origin.FileID, uint64(generation))
			e.ID = base.ID(e.Origin.Offset)
		}
		e.Global = cols.IsGlobal != nil && cols.IsGlobal[i/8]&(1<<(i%8)) != 0
		e.Origin.Agent, e.Origin.Source, e.Origin.Epoch = h.Agent, h.Source, h.Epoch
		e.Origin.Batch, e.Origin.Index = h.Number, uint64(i)
	}
	return h, events
}

func stringsOf(tb testing.TB, c *pb.Strings, n int) []string {
	out := make([]string, n)
	text, ids := c.GetText(), c.GetIds()
	take := func(from *[]byte, n int) []byte {
		b := (*from)[:n]
		*from = (*from)[n:]
		return b
	}
	for i := range out {
		switch {
		case len(c.GetLengths()) > 0:
			switch code := c.Lengths[i]; code {
			case 0:
				h := hex.EncodeToString(take(&ids, 16))
				out[i] = fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
			case 1:
				out[i] = hex.EncodeToString(take(&ids, 16))
			case 2:
				out[i] = netip.AddrFrom4([4]byte(take(&ids, 4))).String()
			default:
				out[i] = string(take(&text, int(code)-3))
			}
		case len(c.GetIndex()) > 0:
			out[i] = string(c.Values[c.Index[i]])
		case len(c.GetValues()) > 0:
			out[i] = string(c.Values[0])
		}
	}
	if len(text)+len(ids) > 0 {
		tb.Error("bytes are left over in a column")
	}
	return out
}

func timesOf(c *pb.Times, n int) []event.Time {
	out := make([]event.Time, n)
	if c == nil {
		return out
	}
	unit, at := int64(1), int64(0)
	for range 9 - c.Digits {
		unit *= 10
	}
	for i := range out {
		at += c.Deltas[i]
		switch {
		case c.Precision == nil:
			out[i] = event.Unix(at*unit, uint8(c.Digits))
		case c.Precision[i] > 0:
			out[i] = event.Unix(at*unit, c.Precision[i]-1)
		}
	}
	return out
}

func TestGeneratedTypesReadTheSame(t *testing.T) {
	key, h := testLane(t)
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		events := randomEvents(r, r.IntN(400))
		msg, _ := seal(t, h, key, events)
		header, got := reference(t, msg)
		if d := diffEvents(placed(h, events), append([]event.Event(nil), got...)); d != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, d)
		}
		read, _, err := ReadHeader(msg)
		if err != nil {
			t.Fatal(err)
		}
		generated := Header{
			Lane:   event.Lane{Account: header.Account, Agent: header.Agent, Source: header.Source, Key: header.AgentKey, Epoch: header.Epoch},
			Number: header.Number, Prev: event.Hash(header.PreviousHash), Body: event.Hash(header.BodyHash),
			Codec: Codec(header.Codec), Count: int(header.Events), Snapshot: header.Snapshot, First: header.FirstTime, Last: header.LastTime,
		}
		for _, m := range header.Cursor {
			generated.Cursor = append(generated.Cursor, Mark{string(m.Key), m.Value})
		}
		if d := cmp.Diff(generated, read); d != "" {
			t.Errorf("header (-generated +read):\n%s", d)
		}
	}
}

// TestEveryFieldTravels sets each field of Event alone, found by reflection, so
// that a field added to Event cannot be forgotten here.
func TestEveryFieldTravels(t *testing.T) {
	given := map[string]bool{"Agent": true, "Source": true, "Epoch": true, "Batch": true, "Index": true} // by header and place
	key, h := testLane(t)
	var walk func(path string, at func(*event.Event) reflect.Value, typ reflect.Type)
	walk = func(path string, at func(*event.Event) reflect.Value, typ reflect.Type) {
		if typ.Kind() == reflect.Struct && typ != reflect.TypeFor[event.Time]() && typ != reflect.TypeFor[event.Exchange]() {
			for i := range typ.NumField() {
				f := typ.Field(i)
				if path == "Origin" && given[f.Name] {
					continue
				}
				walk(f.Name, func(e *event.Event) reflect.Value { return at(e).Field(i) }, f.Type)
			}
			return
		}
		e := placeOf("f", 0)
		v := at(&e)
		switch {
		case typ == reflect.TypeFor[event.Time]():
			v.Set(reflect.ValueOf(event.Unix(1e18, 3)))
		case typ == reflect.TypeFor[event.Exchange](): // TestExchanges sets one field after the other
			v.Set(reflect.ValueOf(event.Exchange{Method: "GET", Path: "/", Referer: "r", Status: 200, Bytes: 3, DurationMs: 4}))
		case typ == reflect.TypeFor[event.Object]():
			v.SetString(`{"a":1}`)
		case typ.Kind() == reflect.String:
			v.SetString("x")
		case typ.Kind() == reflect.Bool:
			v.SetBool(true)
		case typ.Kind() == reflect.Int64:
			v.SetInt(5)
		default:
			t.Fatalf("%s: a %s has no column", path, typ)
		}
		msg, _ := seal(t, h, key, []event.Event{e})
		b, err := Open(msg)
		if err != nil {
			t.Fatal(err)
		}
		if d := diffEvents(placed(h, []event.Event{e}), b.Events); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
	walk("", func(e *event.Event) reflect.Value { return reflect.ValueOf(e).Elem() }, reflect.TypeFor[event.Event]())
}
