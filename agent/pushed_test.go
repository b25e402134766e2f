package agent

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// pushing is a source whose clients wait for Committed.
type pushing struct {
	counting
	blocks bool // it has nothing more, and does not end
}

func (*pushing) Pushed() {}

func (p *pushing) Read(ctx context.Context) (plugins.Batch, error) {
	if p.blocks && p.at >= p.n {
		<-ctx.Done()
		return plugins.Batch{}, ctx.Err()
	}
	b, err := p.counting.Read(ctx)
	for i := range b.Records { // so large that a few reads fill a spool
		b.Records[i].Data = make([]byte, 500)
	}
	return b, err
}

// While the spool is full nothing is taken of a push source that is not durable: its
// clients would wait for it in vain, and send it again.
func TestNothingIsTakenWithoutRoom(t *testing.T) {
	const records, bound = 40_000, 3 << 20
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		source, stream := &pushing{counting: counting{n: records, size: 1000}}, &gate{}
		lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: source, Mapper: random{}, Quiet: true, Stream: stream,
			Dir: dir, SpoolBytes: bound, Log: slog.New(slog.DiscardHandler)}
		done := make(chan error, 1)
		go func() { done <- lane.Run(t.Context()) }()
		<-time.After(time.Hour)
		synctest.Wait()
		s := lane.Status()
		if source.at == 0 || source.at >= records {
			t.Fatalf("%d records were read", source.at)
		}
		if last := source.committed[len(source.committed)-1]; last.upTo != source.at {
			t.Errorf("%d records were read, and %d are durable", source.at, last.upTo)
		}
		if s.PendingBytes < bound/4 || s.PendingBytes > bound || s.LastError == "" {
			t.Errorf("%d bytes wait, and the last error is %q", s.PendingBytes, s.LastError)
		}
		stream.opened()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if len(stream.events) != records {
			t.Errorf("%d events came", len(stream.events))
		}
	})
}

// random makes events that do not shrink.
type random struct{ named }

func (random) Map(r *plugins.Record, e *event.Event) error {
	e.Name = "Read"
	state := uint64(r.Pos.Offset)*2654435761 + 12345
	text := make([]byte, 200)
	for i := range text {
		state = state*6364136223846793005 + 1442695040888963407
		text[i] = 'a' + byte(state>>58)%26
	}
	e.Raw = string(text)
	return nil
}

// A client is answered at once, also when all of its records are ignored.
func TestIgnoredIsCommitted(t *testing.T) {
	key, err := LoadKey(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		source := &pushing{counting{n: 50, size: 10, every: time.Second}, true}
		lane := &Lane{Account: "a", Agent: "b", Name: "c", Key: key, Machine: "m", Source: source, Mapper: ignoring{}, Quiet: true, Stream: &gate{open: true},
			Dir: dir, Log: slog.New(slog.DiscardHandler)}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		began := time.Now()
		go func() { done <- lane.Run(ctx) }()
		<-time.After(time.Minute)
		synctest.Wait()
		if len(source.committed) != 5 {
			t.Fatalf("told %v", source.committed)
		}
		for i, c := range source.committed {
			if took := c.at.Sub(began) - time.Duration(i+1)*time.Second; c.upTo != 10*(i+1) || took > 100*time.Millisecond {
				t.Errorf("told of %d records %s after they came", c.upTo, took)
			}
		}
		stop()
		<-done
	})
}

// ignoring leaves every record out.
type ignoring struct{ named }

func (ignoring) Map(*plugins.Record, *event.Event) error { return plugins.ErrIgnored }
