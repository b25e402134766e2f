package sim

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/wire"
)

// machine runs an agent again and again, and has its disk, its clock and its misfortunes.
type machine struct {
	w     *world
	name  string
	dir   string
	key   agent.Key
	logs  []*lines
	ports []ports
	fate  *site

	number     int                           // of the machine on which the folder is now
	spoolBytes int64                         // 0: the default
	forks      int                           // batches forged under its name
	lanes      atomic.Pointer[[]*agent.Lane] // of this life
	done       atomic.Bool
}

func newMachine(w *world, name string, sources int) *machine {
	m := &machine{w: w, name: name, dir: filepath.Join(w.dir, name), fate: w.site(name, chance{})}
	var err error
	m.key, err = agent.LoadKey(filepath.Join(m.dir, "key"))
	w.must(err)
	if m.fate.one(4) {
		m.spoolBytes = int64(1000 + m.fate.intN(8000))
	}
	for i := range sources {
		source := fmt.Sprintf("%s-log%d", name, i)
		l := &lines{w: w, name: source, file: "file of " + source, n: 20 + m.fate.intN(120), wide: w.stream.roomy() && m.fate.one(4),
			pace: w.site(source+" pace", chance{}), jump: w.site(source+" clock", chance{lost: 50})}
		l.disk = newDisk(w, source, l)
		m.logs = append(m.logs, l)
		m.ports = append(m.ports, newPorts(w, source))
		w.logs[source] = l
	}
	return m
}

func (m *machine) spool(l *lines) string { return filepath.Join(m.dir, "spool", l.name) }

func (m *machine) subject(l *lines) string {
	s, err := bus.Subject("prod", m.name, l.name)
	m.w.must(err)
	return s
}

// run lives until the sources have ended and the stream has all.
func (m *machine) run(world context.Context) {
	for m.w.life(world, m.fate, "agent killed", 2*time.Minute, m.live) {
		m.between()
		m.w.down(world, m.fate, 40)
	}
	m.done.Store(world.Err() == nil)
}

func (m *machine) live(ctx context.Context, p *process) {
	var lanes []*agent.Lane
	for i, l := range m.logs {
		l.born(p, m.number)
		lanes = append(lanes, &agent.Lane{Account: "prod", Agent: m.name, Name: l.name, Key: m.key, Machine: fmt.Sprint("machine ", m.number),
			Source: l, Mapper: lineMapper{}, Stream: m.w.stream.port(p, m.ports[i]), Dir: filepath.Join(m.dir, "spool"), SpoolBytes: m.spoolBytes, Disk: l.disk.of(p),
			Now: l.now, Elapsed: func() time.Duration { return time.Since(m.w.began) }, Log: m.w.log()})
	}
	m.lanes.Store(&lanes)
	(&agent.Agent{Lanes: lanes, Log: m.w.log()}).Run(ctx)
}

// born begins a life in which nothing was told yet.
func (l *lines) born(p *process, machine int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.machine = machine
	l.p, l.started = p, false
}

// between does to the disk what happens between two lives.
func (m *machine) between() {
	if m.w.isCalm() {
		return
	}
	switch n := m.fate.intN(20); {
	case n < 8: // killed, no more
	case n < 12:
		m.misfortune("agent's power lost")
		for _, l := range m.logs {
			l.disk.powerLoss()
		}
	case n < 13:
		m.misfortune("spool lost")
		l := m.logs[m.fate.intN(len(m.logs))]
		m.replace(l, "")
	case n < 15:
		if m.restore() {
			m.misfortune("spool rolled back")
		}
	case n < 16:
		m.misfortune("folder moved to another machine")
		m.number++
	case n < 17:
		if m.restore() {
			m.misfortune("old copy on another machine")
			m.number++
		}
	case n < 19:
		m.w.must(os.RemoveAll(m.dir + "/copy"))
		if err := os.CopyFS(m.dir+"/copy", os.DirFS(m.dir+"/spool")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			m.w.must(err)
		}
	default:
		m.misfortune("spool rots")
		l := m.logs[m.fate.intN(len(m.logs))]
		m.w.stream.arrive(m.subject(l))
		l.disk.rot(m.spool(l))
		l.replaced()
	}
}

func (m *machine) misfortune(name string) { m.w.counts.fault(m.w, name, "") }

// restore puts the last copy in the place of the spools that are of the same
// epoch still: that an older one came back cannot be told from two copies at work.
func (m *machine) restore() (any bool) {
	for _, l := range m.logs {
		copied := filepath.Join(m.dir, "copy", l.name)
		was, err := os.ReadFile(filepath.Join(copied, "spool.json"))
		is, err2 := os.ReadFile(filepath.Join(m.spool(l), "spool.json"))
		if err == nil && err2 == nil && string(was) == string(is) {
			m.replace(l, copied)
			any = true
		}
	}
	return any
}

// replace removes a spool, or puts a copy in its place. What the dead agent had
// sent has arrived by then.
func (m *machine) replace(l *lines, with string) {
	m.w.stream.arrive(m.subject(l))
	m.w.must(os.RemoveAll(m.spool(l)))
	if with != "" {
		if err := os.CopyFS(m.spool(l), os.DirFS(with)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			m.w.must(err)
		}
	}
	l.disk.forget()
	l.replaced()
}

// forge publishes another batch under the number of the last one of a source,
// as the second of two copies of a folder does.
func (m *machine) forge(l *lines) {
	s := m.w.stream
	s.mu.Lock()
	var last bus.Message
	for _, one := range s.messages {
		if one.Subject == m.subject(l) {
			last = one
		}
	}
	s.mu.Unlock()
	header, _, err := wire.ReadHeader(last.Data)
	if last.Seq == 0 || err != nil || m.forks > 0 {
		return
	}
	e := wire.NewEncoder()
	e.Add(&event.Event{ID: "forged " + l.name, Name: "Forged", Type: event.TypeAPICall, RW: event.Write, Time: event.At(m.w.began, 0)})
	header.Count, header.First, header.Last = 0, 0, 0
	message, hash, err := e.Seal(header, m.key)
	m.w.must(err)
	m.w.judge.mu.Lock()
	m.w.judge.forged[hash] = true
	m.w.judge.mu.Unlock()
	if _, _, err := s.store(m.subject(l), "forged "+l.name, message); err == nil {
		m.misfortune("batch forged")
		m.forks++
	}
}
