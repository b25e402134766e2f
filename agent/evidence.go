package agent

import (
	"fmt"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// jump is by how much the clock must be off before that is told: less is within
// what clocks are compared with.
const jump = time.Second

// clock tells a clock that was set from one that goes on.
type clock struct {
	wall    time.Time
	elapsed time.Duration
}

// start tells, once in the life of a process, that it reads. A crash before that is
// durable tells it again under the same number, so with the same id.
func (p *pump) start() {
	if p.lane.Quiet || p.lane.started {
		return
	}
	last := p.queue.Last().Number
	why := "began to read for the first time"
	if len(p.at) > 0 {
		why = fmt.Sprintf("began to read again, after batch %d of epoch %d", last, p.queue.Epoch())
	}
	p.began = p.lane.now()
	p.first.tell(&plugins.Record{
		Pos:      plugins.Position{FileID: "lane", Generation: p.queue.Epoch(), Offset: int64(last) + 1},
		Evidence: &plugins.Evidence{Name: plugins.SourceStarted, From: -1, To: -1, Why: why},
	}, event.At(p.began, 3))
}

// watchClock tells when the clock was set since the last records came.
func (p *pump) watchClock(now time.Time, observed event.Time) {
	now = now.Round(0) // without what Go keeps beside the clock, or it would never differ
	before, at := p.clock, clock{now, p.lane.elapsed()}
	p.clock = at
	if p.lane.Quiet || before.wall.IsZero() {
		return
	}
	should := before.wall.Add(at.elapsed - before.elapsed)
	off := now.Sub(should)
	if off.Abs() < jump {
		return
	}
	where := "forward"
	if off < 0 {
		where = "back"
	}
	p.first.tell(&plugins.Record{
		// Its place in the lane: a clock that goes back comes by the same time again.
		Pos: plugins.Position{FileID: "clock", Generation: p.queue.Epoch(), Offset: int64(p.queue.Last().Number+1)<<16 | int64(p.first.encoder.Len())},
		Evidence: &plugins.Evidence{Name: plugins.ClockJumped, From: -1, To: -1,
			Why: fmt.Sprintf("the clock went %s by %s: %s became %s", where, off.Abs().Round(time.Millisecond),
				should.UTC().Format(time.RFC3339Nano), now.UTC().Format(time.RFC3339Nano))},
	}, observed)
}

func (l *Lane) elapsed() time.Duration {
	if l.Elapsed != nil {
		return l.Elapsed()
	}
	if l.began.IsZero() {
		l.began = time.Now()
	}
	return time.Since(l.began)
}
