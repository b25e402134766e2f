package api

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"
)

// DefaultPatience is how long a search waits for its turn.
const DefaultPatience = 5 * time.Second

// Bounds of what one server does at once, when nobody says.
const (
	DefaultExports = 16
	DefaultTails   = 64
)

// maxWaitingSearches is how many searches wait for their turn.
const maxWaitingSearches = 64

// gate lets so many searches at once look through the index. The others wait in
// the order in which they came, for a while, and then are told to come again: a
// queue that only grows answers nobody.
type gate struct {
	mu      sync.Mutex
	free    int
	waiting []chan struct{} // in the order in which they came; closed when it is their turn
}

// defaultSearches is how many searches run at once when nobody says: some of them wait for a disk.
func defaultSearches() int { return max(4, 2*runtime.GOMAXPROCS(0)) }

func newGate(n int) *gate { return &gate{free: n} }

// enter waits for a turn; whoever gets one leaves. Patience 0 waits as long as
// ctx does, whoever else waits: for the later pages of a stream, which must not break off because others search.
func (g *gate) enter(ctx context.Context, patience time.Duration) error {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return nil
	}
	if patience > 0 && len(g.waiting) >= maxWaitingSearches {
		g.mu.Unlock()
		return busy("searches", patience)
	}
	turn := make(chan struct{})
	g.waiting = append(g.waiting, turn)
	g.mu.Unlock()

	var late <-chan time.Time
	if patience > 0 {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		late = timer.C
	}
	err := error(nil)
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-late:
		err = busy("searches", patience)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, w := range g.waiting {
		if w == turn {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return err
		}
	}
	g.pass() // its turn came in the meantime
	return err
}

// leave gives the turn to the next.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pass()
}

func (g *gate) pass() {
	if len(g.waiting) == 0 {
		g.free++
		return
	}
	close(g.waiting[0])
	g.waiting = g.waiting[1:]
}

// bound counts what may be open at once for long.
type bound struct {
	what string
	most int
	mu   sync.Mutex
	n    int
}

func (b *bound) enter() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n == b.most {
		return busy(b.what, 10*time.Second)
	}
	b.n++
	return nil
}

func (b *bound) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.n--
}

// busy is the answer to whoever is one too many.
func busy(what string, after time.Duration) Problem {
	n := max(1, int((after+time.Second-1)/time.Second))
	return Problem{Type: problemBusy, Title: "The server is busy", Status: http.StatusServiceUnavailable,
		Detail: "it has as many " + what + " as it can serve at once", Hint: "ask again after " + strconv.Itoa(n) + " seconds, as Retry-After says",
		RetryAfterSeconds: n}
}

// look has fn look through the index when it is its turn, for as long as a search may take.
func (h *handlers) look(ctx context.Context, patience time.Duration, fn func(context.Context) error) error {
	if err := h.turns.enter(ctx, patience); err != nil {
		return err
	}
	defer h.turns.leave()
	ctx, cancel := context.WithTimeout(ctx, h.timeout)
	defer cancel()
	return fn(ctx)
}
