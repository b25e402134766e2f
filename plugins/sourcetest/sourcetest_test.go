package sourcetest

import (
	"context"
	"io"
	"strconv"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
)

// fake is a source of numbers, with at most one defect.
type fake struct {
	defect string
	ends   bool
	at     int
	opened int
	first  int
	next   plugins.Cursor
}

const (
	fakeRecords = 3000
	fakeBatch   = 97
)

func (f *fake) Open(_ context.Context, at plugins.Cursor) error {
	f.opened++
	f.at = 0
	if v := at.Value("n"); v != nil {
		f.at, _ = strconv.Atoi(string(v))
	}
	if f.defect == "begins anew when opened again" && f.opened > 1 {
		f.at = 0
	}
	f.first = f.at
	return nil
}

func (f *fake) Read(ctx context.Context) (plugins.Batch, error) {
	if ctx.Err() != nil {
		if f.defect == "loses a batch when ctx ends" {
			f.at = min(f.at+fakeBatch, fakeRecords)
		}
		return plugins.Batch{}, ctx.Err()
	}
	if f.at == fakeRecords {
		if f.ends {
			return plugins.Batch{}, io.EOF
		}
		if f.defect == "does not block" {
			return plugins.Batch{Next: plugins.Cursor{{Key: "n", Value: []byte("3000")}}}, io.EOF
		}
		<-ctx.Done()
		return plugins.Batch{}, ctx.Err()
	}
	n := min(fakeBatch, fakeRecords-f.at)
	if f.defect == "too large a batch" {
		n = min(plugins.MaxRecords+1, fakeRecords-f.at)
	}
	var b plugins.Batch
	for i := f.at; i < f.at+n; i++ {
		r := plugins.Record{Data: []byte(strconv.Itoa(i)), Pos: plugins.Position{FileID: "f", Offset: int64(i), Length: int64(len(strconv.Itoa(i)))}}
		switch {
		case f.defect == "places count from the start of the run":
			r.Pos.Offset -= int64(f.first)
		case f.defect == "wrong length" && i == 1234:
			r.Pos.Length++
		case f.defect == "no identity":
			r.Pos.FileID = ""
		case f.defect == "wrong data" && i == 2999:
			r.Data = []byte("2998")
		case f.defect == "one place twice" && i == 1000:
			r.Pos.Offset--
		case f.defect == "out of order" && i%2 == 0:
			r.Pos.Offset += 2
		}
		b.Records = append(b.Records, r)
	}
	f.at += n
	mark := f.at
	switch f.defect {
	case "cursor ahead":
		mark = min(mark+1, fakeRecords)
	case "cursor behind":
		mark--
	}
	if f.defect != "no mark" {
		b.Next = plugins.Cursor{{Key: "n", Value: []byte(strconv.Itoa(mark))}}
		if f.defect == "uses Next again" {
			f.next = append(f.next[:0], b.Next...)
			b.Next = f.next
		}
	}
	return b, nil
}

func (*fake) Committed(context.Context, plugins.Cursor) error { return nil }
func (*fake) Close() error                                    { return nil }

func harness(defect string, ends bool) Harness {
	h := Harness{Ends: ends, New: func(testing.TB) plugins.Source { return &fake{defect: defect, ends: ends} }}
	for i := range fakeRecords {
		h.Want = append(h.Want, strconv.Itoa(i))
	}
	return h
}

func TestSourceWithoutDefect(t *testing.T) {
	Run(t, harness("", false))
	Run(t, harness("", true))
}

func TestDefectsAreFound(t *testing.T) {
	for _, c := range []struct {
		defect string
		check  func(testing.TB, Harness) error
	}{
		{"wrong data", checkAll},
		{"wrong length", checkAll},
		{"no identity", checkAll},
		{"no mark", checkAll},
		{"one place twice", checkAll},
		{"out of order", checkAll},
		{"too large a batch", checkAll},
		{"uses Next again", checkAll},
		{"does not block", checkAll},
		{"cursor ahead", checkRestarts},
		{"cursor behind", checkRestarts},
		{"places count from the start of the run", checkRestarts},
		{"loses a batch when ctx ends", checkCancel},
		{"begins anew when opened again", checkReopen},
	} {
		t.Run(c.defect, func(t *testing.T) {
			h := harness(c.defect, false)
			h.Patience = 50 * time.Millisecond
			err := c.check(t, h)
			if err == nil {
				t.Fatal("not found")
			}
			t.Log(err)
		})
	}
}
