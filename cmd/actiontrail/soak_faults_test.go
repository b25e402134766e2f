package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// deed is what was done, and when.
type deed struct {
	at   time.Time
	what string
}

func (s *site) did(format string, args ...any) {
	d := deed{time.Now(), fmt.Sprintf(format, args...)}
	s.journal = append(s.journal, d)
	s.t.Logf("%8.2fs %s", d.at.Sub(s.began).Seconds(), d.what)
}

// hold is something done to a part that ends later.
type hold struct {
	until time.Time
	what  string
	undo  func()
}

// fault is one entry of the plan: what, and to which part or log.
type fault struct {
	kind string
	role string
}

const (
	faultKill   = "kill -9"
	faultRotate = "rotation"
	faultStop   = "SIGSTOP"
	faultOutage = "outage"
	faultEnd    = "being down"
	faultFull   = "the full disk"
)

// faults are those of the plan, in the order that the seed gives.
func (s *site) faults(dice *rand.Rand) (all []fault) {
	add := func(n int, f fault) {
		for range n {
			all = append(all, f)
		}
	}
	for i := range s.plan.Kills {
		add(1, fault{faultKill, s.parts[i%len(s.parts)].role})
	}
	add(s.plan.Rotations, fault{faultRotate, edgeLog})
	add(s.plan.Rotations, fault{faultRotate, appLog})
	for _, p := range s.parts {
		add(s.plan.Stops, fault{faultStop, p.role})
		if p.role != "nats" && p.role != "server" {
			add(s.plan.Full, fault{faultFull, p.role})
		}
	}
	if len(s.parts) > 1 {
		for i := range s.plan.Outages {
			add(1, fault{[]string{faultEnd, faultOutage}[i%2], "nats"})
		}
	}
	dice.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// soak loads both logs, does what the plan says, and counts.
func (s *site) soak() {
	s.did("plan: %+v", s.plan)
	s.ready()
	ctx, stop := context.WithCancel(s.t.Context())
	defer stop()
	var load sync.WaitGroup
	load.Go(func() { s.nginx.run(ctx, s.plan.Rate) })
	load.Go(func() { paced(ctx, s.plan.Rate, s.app.write) })
	dice := rand.New(rand.NewPCG(s.plan.Seed, 1))
	for left := s.faults(dice); len(left) > 0; {
		s.pause(dice)
		if i := slices.IndexFunc(left, s.free); i >= 0 {
			s.do(left[i])
			left = slices.Delete(left, i, i+1)
		}
	}
	realtest.Until(s.t, 30*time.Minute, "the end of the last faults", func() bool {
		s.release(func(h *hold) bool { return time.Now().After(h.until) })
		return !slices.ContainsFunc(s.parts, func(p *part) bool { return p.held != nil })
	})
	s.pause(dice)
	stop()
	load.Wait()
	s.nginx.nginx.Quit(s.t)
	s.did("the load ends: %d and %d lines", s.nginx.count.Load(), s.app.count.Load())
	s.check()
}

// ready waits until the agent has begun: both its sources.
func (s *site) ready() {
	s.t.Helper()
	s.until(time.Minute, "the agent to have begun", func() bool {
		return s.total("origin.source: (edge or app) and eventName: SourceStarted") > 1
	})
}

// pause waits until both logs have grown by about as many lines as the plan
// says, and longer while something is held: a long outage is to meet only some of the faults.
func (s *site) pause(dice *rand.Rand) {
	lines := int64(dice.IntN(2*s.plan.Lines) + 1)
	edge, app := s.nginx.count.Load()+lines, s.app.count.Load()+lines
	least := time.Now()
	for _, p := range s.parts {
		if p.held != nil {
			least = least.Add(max(0, time.Until(p.held.until)) / 3)
		}
	}
	realtest.Until(s.t, 30*time.Minute, "load", func() bool {
		s.release(func(h *hold) bool { return time.Now().After(h.until) })
		return s.nginx.count.Load() >= edge && s.app.count.Load() >= app && time.Now().After(least)
	})
	for _, p := range s.parts {
		if ended, err := p.Ended(); ended && (p.held == nil || p.held.what != faultEnd) {
			s.did("%s has ended by itself: %v; starting it again", p.role, err)
			if p.held == nil || p.held.what != faultFull {
				s.t.Errorf("%s has ended by itself: %v", p.role, err)
			}
			p.Again()
		}
	}
}

// release ends the holds of which ok is true.
func (s *site) release(ok func(*hold) bool) {
	for _, p := range s.parts {
		if h := p.held; h != nil && ok(h) {
			h.undo()
			p.held = nil
			s.did("end of %s of %s", h.what, p.role)
		}
	}
}

func (s *site) part(role string) *part {
	for _, p := range s.parts {
		if p.role == role {
			return p
		}
	}
	s.t.Fatalf("there is no %s", role)
	return nil
}

// free tells whether a fault can be done now: what is down cannot be killed, and
// of the longer faults a part has one at a time.
func (s *site) free(f fault) bool {
	if f.kind == faultRotate {
		return true
	}
	h := s.part(f.role).held
	return h == nil || f.kind == faultKill && (h.what == faultFull || h.what == faultStop)
}

func (s *site) do(f fault) {
	if f.kind == faultRotate {
		s.did("rotate %s", f.role)
		if f.role == edgeLog {
			s.nginx.nginx.Rotate(s.t)
		} else {
			s.app.rotate()
		}
		return
	}
	p := s.part(f.role)
	switch f.kind {
	case faultKill:
		s.did("kill -9 %s", p.role)
		p.Kill()
		p.Again()
		if p.held != nil && p.held.what == faultStop {
			p.held = nil // the new process runs
		}
	case faultStop:
		s.did("SIGSTOP %s for %s", p.role, s.plan.Stop)
		s.hold(p, s.plan.Stop, faultStop, syscall.SIGSTOP)
	case faultOutage:
		s.did("SIGSTOP %s for %s", p.role, s.plan.Outage)
		s.hold(p, s.plan.Outage, faultOutage, syscall.SIGSTOP)
	case faultEnd:
		s.did("SIGTERM %s for %s", p.role, s.plan.Outage)
		p.Signal(syscall.SIGTERM)
		p.held = &hold{time.Now().Add(s.plan.Outage), faultEnd, func() { p.Kill(); p.Again() }}
	case faultFull:
		s.did("the disk of %s is full for %s", p.role, s.plan.FullFor)
		ballast := realtest.Fill(s.t, p.data)
		p.held = &hold{time.Now().Add(s.plan.FullFor), faultFull, func() {
			if err := os.Remove(ballast); err != nil {
				s.t.Error(err)
			}
		}}
	}
}

func (s *site) hold(p *part, d time.Duration, what string, signal syscall.Signal) {
	p.Signal(signal)
	p.held = &hold{time.Now().Add(d), what, func() { p.Signal(syscall.SIGCONT) }}
}
