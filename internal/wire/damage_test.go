package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"

	"github.com/actiontrail/actiontrail/event"
)

func TestEveryTruncationIsAnError(t *testing.T) {
	key, h := testLane(t)
	msg, _ := seal(t, h, key, gatewayEvents(5))
	for n := range msg {
		if _, err := Open(msg[:n]); !errors.Is(err, ErrNotBatch) && !errors.Is(err, ErrSignature) {
			t.Fatalf("first %d of %d bytes: %v", n, len(msg), err)
		}
	}
	if _, err := Open(append(msg[:len(msg):len(msg)], 0)); !errors.Is(err, ErrSignature) {
		t.Errorf("a byte more: %v", err)
	}
}

func TestEveryBitFlipIsAnError(t *testing.T) {
	key, h := testLane(t)
	msg, _ := seal(t, h, key, gatewayEvents(20))
	r := rand.New(rand.NewPCG(3, 3))
	for range 2000 {
		bit := r.IntN(8 * len(msg))
		msg[bit/8] ^= 1 << (bit % 8)
		if _, err := Open(msg); !errors.Is(err, ErrNotBatch) && !errors.Is(err, ErrSignature) {
			t.Fatalf("bit %d flipped: %v", bit, err)
		}
		msg[bit/8] ^= 1 << (bit % 8)
	}
}

// The signature does not let a damaged body through, so the decoder below it is
// given damaged ones here, as an agent that is broken or hostile would sign them.
func TestDamagedBodiesNeverPanic(t *testing.T) {
	_, h := testLane(t)
	r := rand.New(rand.NewPCG(4, 4))
	refused := 0
	for seed := range uint64(3) {
		events := randomEvents(rand.New(rand.NewPCG(seed, 5)), 30)
		c := NewEncoder()
		for i := range events {
			c.Add(&events[i])
		}
		c.appendBody()
		h.Codec, h.Count = ColumnsS2, len(events)
		for n := range c.body {
			if _, err := decodeBody(s2.Encode(nil, c.body[:n]), h); err != nil {
				refused++
			}
		}
		for range 600 {
			b := append([]byte(nil), c.body...)
			for range 1 + r.IntN(3) {
				b[r.IntN(len(b))] ^= 1 << r.IntN(8)
			}
			got, err := decodeBody(s2.Encode(nil, b), h)
			if err == nil && len(got) != len(events) {
				t.Fatal("wrong number of events")
			}
			for i := range got {
				for _, o := range []event.Object{got[i].RequestParameters, got[i].Extra} {
					if !o.Valid() {
						t.Fatalf("object %q came through", o)
					}
				}
			}
		}
	}
	if refused == 0 {
		t.Error("no truncation was noticed")
	}
}

func TestForgeries(t *testing.T) {
	key, h := testLane(t)
	other, _ := laneOf(t, 2)
	events := gatewayEvents(3)
	msg, hash := seal(t, h, key, events)
	byOther, _ := seal(t, h, other, events)
	h2 := h
	h2.Number++
	next, _ := seal(t, h2, key, gatewayEvents(4))
	a, _ := split(msg)
	b, _ := split(next)
	join := func(p ...[]byte) (out []byte) {
		for _, x := range p {
			out = append(out, x...)
		}
		return out
	}
	noKey := h
	noKey.Lane.Key = "not a key"
	bad, _ := seal(t, noKey, key, events)
	for name, m := range map[string][]byte{
		"signed by another":      byOther,
		"signature of another":   join(a.signed, b.sig, a.body),
		"body of another":        join(a.signed, a.sig, b.body),
		"no body":                join(a.signed, a.sig),
		"key that is none":       bad,
		"header of the next":     join(b.signed, a.sig, a.body),
		"signature of all zeros": join(a.signed, make([]byte, sigLen), a.body),
	} {
		if err := Verify(m); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: Verify gives %v", name, err)
		}
		got, err := Open(m)
		if !errors.Is(err, ErrSignature) || errors.Is(err, ErrBody) {
			t.Errorf("%s: Open gives %v", name, err)
		}
		if d := cmp.Diff(event.Batch{}, got); d != "" {
			t.Errorf("%s: something of the batch came through: %s", name, d)
		}
	}
	// The header can be read all the same, and tells whose batch it pretends to be.
	if got, at, err := ReadHeader(byOther); err != nil || got.Lane != h.Lane || at != hash {
		t.Errorf("ReadHeader of a forgery: %v %v", got, err)
	}
}

// An agent signed what nobody can read: the lane can move on past it.
func TestSignedButUnreadable(t *testing.T) {
	key, h := testLane(t)
	garbage := func(b []byte) []byte { return signRaw(t, key, h, s2.Encode(nil, b)) }
	bomb := binary.AppendUvarint(nil, MaxBody+1)
	object := func(o string) []byte {
		return appendBytes(nil, 14, appendBytes(nil, stringsValues, []byte(o)))
	}
	newer := h
	newer.Codec = 2
	for name, c := range map[string]struct {
		msg  []byte
		want string
	}{
		"not S2":          {signRaw(t, key, h, []byte{5, 1, 2, 3}), "corrupt"},
		"bomb":            {signRaw(t, key, h, append(bomb, 0)), "are the most"},
		"not columns":     {garbage([]byte{0xff, 0xff}), "damaged"},
		"unknown column":  {garbage(appendBytes(nil, 99, nil)), "newer"},
		"columns twice":   {garbage(append(object(`{"a":1}`), object(`{"a":1}`)...)), "comes after"},
		"forged object":   {garbage(object("{}\n{\"eventId\":\"x\"}")), "canonical"},
		"keys not sorted": {garbage(object(`{"b":1,"a":1}`)), "canonical"},
		"newer codec":     {signRaw(t, key, newer, nil), "codec 2 is not known"},
		"index beyond":    {garbage(appendBytes(nil, 1, append(appendBytes(nil, stringsValues, []byte("x")), appendBytes(nil, stringsIndex, []byte{0, 1})...))), "does not fit"},
		"too few":         {garbage(appendBytes(nil, 1, appendBytes(nil, stringsLengths, []byte{3}))), "does not fit"},
		"too many":        {garbage(appendBytes(nil, 1, appendBytes(nil, stringsLengths, []byte{3, 3, 3}))), "does not fit"},
	} {
		b, err := Open(c.msg)
		if !errors.Is(err, ErrBody) || errors.Is(err, ErrSignature) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want ErrBody with %q", name, err, c.want)
		}
		if b.Lane != h.Lane || b.Number != h.Number || b.Prev != h.Prev || b.Hash == (event.Hash{}) || b.Events != nil {
			t.Errorf("%s: the batch is %+v; lane, number and hashes must be there, events must not", name, b)
		}
	}
}

func TestNotABatch(t *testing.T) {
	key, h := testLane(t)
	msg, _ := seal(t, h, key, nil)
	other := append([]byte(nil), msg...)
	other[3] = '2'
	for name, m := range map[string][]byte{
		"nothing":         nil,
		"ack":             []byte(`{"stream":"EVENTS","seq":2}`),
		"other version":   other,
		"absurd length":   append([]byte(magic), 0xff, 0xff, 0xff, 0xff, 0, 0, 0),
		"empty header":    append([]byte(magic), make([]byte, 4+sigLen)...),
		"too many events": func() []byte { h := h; h.Count = MaxEvents + 1; return signRaw(t, key, h, nil) }(),
		"no number":       func() []byte { h := h; h.Number = 0; return signRaw(t, key, h, nil) }(),
		"mark without key": func() []byte {
			h := h
			h.Cursor = []Mark{{}}
			return signRaw(t, key, h, nil)
		}(),
	} {
		if _, _, err := ReadHeader(m); !errors.Is(err, ErrNotBatch) {
			t.Errorf("%s: ReadHeader gives %v", name, err)
		}
		if _, err := Open(m); !errors.Is(err, ErrNotBatch) {
			t.Errorf("%s: Open gives %v", name, err)
		}
	}
}

// signRaw makes a batch of any body, rightly signed.
func signRaw(tb testing.TB, s Signer, h Header, body []byte) []byte {
	tb.Helper()
	h.Body = sha256.Sum256(body)
	if h.Codec == 0 {
		h.Codec = ColumnsS2
	}
	if h.Count == 0 {
		h.Count = 2
	}
	header := appendHeader(nil, &h)
	msg := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(header)))
	msg = append(msg, header...)
	sig, err := s.Sign(msg)
	if err != nil {
		tb.Fatal(err)
	}
	return append(append(msg, sig...), body...)
}

// FuzzOpen signs whatever it is given, as header and as body, so that the fuzzer
// gets past the signature.
func FuzzOpen(f *testing.F) {
	key, h := testLane(f)
	for seed := range uint64(3) {
		msg, _ := seal(f, h, key, randomEvents(rand.New(rand.NewPCG(seed, 6)), 10))
		p, _ := split(msg)
		raw, _ := s2.Decode(nil, p.body)
		f.Add(uint16(10), p.header, raw)
	}
	f.Fuzz(func(t *testing.T, n uint16, header, raw []byte) {
		if parsed, err := parseHeader(header); err == nil {
			again, err := parseHeader(appendHeader(nil, &parsed))
			if err != nil {
				t.Fatalf("a header that was read cannot be written: %v", err)
			}
			if d := cmp.Diff(parsed, again, cmp.Comparer(func(a, b []byte) bool { return string(a) == string(b) })); d != "" {
				t.Fatalf("header (-read +again):\n%s", d)
			}
		}
		h := h
		h.Count, h.Codec = int(n%200), ColumnsS2
		events, err := decodeBody(s2.Encode(nil, raw), h)
		if err != nil {
			return
		}
		if len(events) != h.Count {
			t.Fatalf("%d events, want %d", len(events), h.Count)
		}
		msg, _ := seal(t, h, key, events)
		b, err := Open(msg)
		if err != nil {
			t.Fatalf("events that were read cannot be written and read: %v", err)
		}
		if d := diffEvents(events, b.Events); d != "" {
			t.Fatalf("events (-read +again):\n%s", d)
		}
	})
}

func FuzzReadHeader(f *testing.F) {
	key, h := testLane(f)
	msg, _ := seal(f, h, key, gatewayEvents(2))
	f.Add(msg)
	f.Fuzz(func(t *testing.T, msg []byte) {
		if _, _, err := ReadHeader(msg); err != nil && !errors.Is(err, ErrNotBatch) {
			t.Fatal(err)
		}
		if _, err := Open(msg); err == nil {
			if err := Verify(msg); err != nil {
				t.Fatal(err)
			}
		}
	})
}
