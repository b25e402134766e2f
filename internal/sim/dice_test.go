package sim

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"time"
)

// fault is what happens to one call.
type fault int

const (
	none      fault = iota
	lost            // not done, and an error
	kept            // done, and an error all the same
	late            // an error now, and done afterwards
	dieBefore       // the process dies, and it is not done
	dieAfter        // it is done, and the process dies before it learns of it
)

var (
	errLost = errors.New("fault: not done")
	errKept = errors.New("fault: done, but the answer was lost")
	errDead = errors.New("fault: the process is dead")
)

// chance is how often, of 1,000 calls, each kind of fault happens at a site.
type chance struct{ lost, kept, late, dieBefore, dieAfter int }

// site is a place where faults happen. Each draws from a stream of its own, so
// that the order in which goroutines run does not decide who gets which number.
type site struct {
	w      *world
	name   string
	chance chance

	mu    sync.Mutex
	rand  *rand.Rand
	armed []armed
}

// armed is the second fault of a pair, which waits for its moment.
type armed struct {
	first string
	calls int // before it happens
	fault fault
}

// site makes a site of the world. Its name also says which stream of numbers it has.
func (w *world) site(name string, c chance) *site {
	h := fnv.New64a()
	h.Write([]byte(name))
	s := &site{w: w, name: name, chance: c, rand: rand.New(rand.NewPCG(w.seed, h.Sum64()))}
	w.sites = append(w.sites, s)
	return s
}

func (s *site) intN(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rand.IntN(n)
}

// one tells whether something happens that happens once in n times.
func (s *site) one(n int) bool { return s.intN(n) == 0 }

// draw says what happens to a call. Half of all faults arm a second one, at a
// place and a call that the first one's numbers choose: most of what is lost is
// lost between two faults.
func (s *site) draw() fault {
	s.mu.Lock()
	n, second := s.rand.IntN(1000), s.rand.Uint64()
	f, first := none, ""
	for _, c := range []struct {
		n     int
		fault fault
	}{{s.chance.lost, lost}, {s.chance.kept, kept}, {s.chance.late, late}, {s.chance.dieBefore, dieBefore}, {s.chance.dieAfter, dieAfter}} {
		if n < c.n {
			f = c.fault
			break
		}
		n -= c.n
	}
	for i := range s.armed {
		if s.armed[i].calls--; s.armed[i].calls < 0 {
			f, first = s.armed[i].fault, s.armed[i].first
			s.armed = append(s.armed[:i], s.armed[i+1:]...)
			break
		}
	}
	s.mu.Unlock()
	if f == none || s.w.isCalm() {
		return none
	}
	s.w.counts.fault(s.w, s.name, first)
	if first == "" && second&1 == 0 {
		second >>= 1
		other := s.w.sites[second%uint64(len(s.w.sites))]
		second >>= 16
		kinds := other.chance.kinds()
		if len(kinds) > 0 {
			other.arm(armed{s.name, int(second >> 8 % 4), kinds[second%uint64(len(kinds))]})
		}
	}
	return f
}

func (s *site) arm(a armed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.armed) < 2 {
		s.armed = append(s.armed, a)
	}
}

func (c chance) kinds() (kinds []fault) {
	for f, n := range map[fault]int{lost: c.lost, kept: c.kept, late: c.late, dieBefore: c.dieBefore, dieAfter: c.dieAfter} {
		if n > 0 {
			kinds = append(kinds, f)
		}
	}
	for i := range kinds { // in a fixed order
		for j := range i {
			if kinds[i] < kinds[j] {
				kinds[i], kinds[j] = kinds[j], kinds[i]
			}
		}
	}
	return kinds
}

// do runs fn in a process, or not, and answers with an error, or not.
func (s *site) do(p *process, fn func() error) error {
	if p.dead() {
		return errDead
	}
	switch s.draw() {
	case lost, late:
		return errLost
	case kept:
		if err := fn(); err != nil {
			return err
		}
		return errKept
	case dieBefore:
		p.kill()
		return errDead
	case dieAfter:
		if err := fn(); err != nil {
			return err
		}
		p.kill()
		return errDead
	}
	return fn()
}

// process is one life of an agent or of the aggregator. Once it is dead nothing
// that it does has an effect any more: every fake asks.
type process struct {
	mu   sync.Mutex
	gone bool
	stop context.CancelFunc
}

func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	p.stop()
}

func (p *process) dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone
}

// wait lets fake time pass.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// randomTime is up to d, mostly much less.
func (s *site) randomTime(d time.Duration) time.Duration {
	return d * time.Duration(s.intN(1000)+1) / 1000 >> s.intN(5)
}
