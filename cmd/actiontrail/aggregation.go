package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/plugins/mapper"
	"github.com/actiontrail/actiontrail/web"
)

// Parts of the data folder.
const (
	aggregatorFolder = "aggregator"
	natsFolder       = "nats"
)

// stopTimeout is how long calls under way may take when the process stops.
const stopTimeout = 5 * time.Second

// aggregation is a running aggregator.
type aggregation struct {
	cfg     *config.Config
	log     *slog.Logger
	data    string // folder of all that is kept
	dir     string // the aggregator's part of it
	started time.Time
	pace    pace

	listener      net.Listener
	nats          *embedded.Server // nil: NATS is elsewhere
	conn          *bus.Conn
	opener        *aggregator.Opener
	agents        *aggregator.Agents
	quarantine    *aggregator.Quarantine
	index         searchable
	follower      *aggregator.Follower // of the index
	live          *aggregator.Live     // what it made searchable last
	searches      *aggregator.Searches
	links         *aggregator.Links
	console       http.Handler // the pages
	trails        trailSet
	paths         []string // of the configuration
	stamp         string   // of its files, when it was read
	reloaded      reload
	reporting     sync.Mutex // held by who tells the audit of changes
	stops         *aggregator.Stops
	backfills     *aggregator.Backfills
	imports       *aggregator.Imports
	verifications *aggregator.Verifications
	system        *aggregator.System
	lane          *agent.Lane // of system
	lanes         *lanes.Lanes
	fleet         *aggregator.Fleet
	guarded       guarded

	lease   *bus.Lease              // of who leads; nil: nobody else can
	sharing atomic.Pointer[sharing] // of what is shared; nil: this server does not lead
	merging sync.Mutex              // held by who joins the tables of agents

	streamed chan struct{} // closed when there is a stream
	closers  []func()
}

// newAggregation opens everything that can be opened without NATS, and starts or
// reaches NATS. After an error nothing is left open.
func newAggregation(ctx context.Context, h *process.Hand, data string, p pace) (a *aggregation, err error) {
	a = &aggregation{cfg: h.Config, log: h.Log, data: data, dir: filepath.Join(data, aggregatorFolder), paths: h.Paths, stamp: h.Stamp, started: time.Now(), pace: p, streamed: make(chan struct{}), live: aggregator.NewLive()}
	a.reloaded.loaded, a.reloaded.at = a.cfg, a.started
	defer func() {
		if err != nil {
			a.close()
			a = nil
		}
	}()
	if a.guarded, err = newGuarded(a.cfg.API, a.log); err != nil {
		return a, err
	}
	if a.listener, err = net.Listen("tcp", a.cfg.API.Listen); err != nil {
		return a, process.UsageError("the API cannot listen: %w; stop what has the address, or choose another one with --listen", err)
	}
	a.closeLater(func() { a.listener.Close() })
	if a.agents, err = aggregator.OpenAgents(filepath.Join(a.dir, agentsName)); err != nil {
		return a, err
	}
	if a.quarantine, err = aggregator.OpenQuarantine(filepath.Join(a.dir, "quarantine")); err != nil {
		return a, err
	}
	if a.console, err = web.Handler(); err != nil {
		return a, err
	}
	if a.searches, err = aggregator.OpenSearches(filepath.Join(a.dir, "searches.json")); err != nil {
		return a, err
	}
	if a.links, err = aggregator.OpenLinks(filepath.Join(a.dir, "links")); err != nil {
		return a, err
	}
	if a.stops, err = aggregator.OpenStops(filepath.Join(a.dir, "stops.json"), time.Now); err != nil {
		return a, err
	}
	if a.backfills, err = aggregator.OpenBackfills(filepath.Join(a.dir, "backfills.json")); err != nil {
		return a, err
	}
	a.openVerifications()
	a.agents.Strict = a.cfg.Agents.Enroll != config.EnrollFirstUse
	a.opener = &aggregator.Opener{Agents: a.agents}
	if a.index, err = a.openIndex(); err != nil {
		return a, fmt.Errorf("open the index: %w", err)
	}
	a.closeLater(func() {
		if err := a.index.Close(); err != nil {
			a.log.Error("close the index", "error", err)
		}
	})
	if a.imports, err = aggregator.OpenImports(filepath.Join(a.dir, "imports.json"), a.index, openOther, time.Now, a.log); err != nil {
		return a, err
	}
	if err = a.openStore(); err != nil {
		return a, err
	}
	if err = a.openTrails(ctx); err != nil {
		return a, err
	}
	if err = a.connect(); err != nil {
		return a, err
	}
	if err = a.openLease(); err != nil {
		return a, err
	}
	if err = a.makeFollowers(); err != nil {
		return a, err
	}
	return a, a.openFleet()
}

func (a *aggregation) closeLater(fn func()) { a.closers = append(a.closers, fn) }

// close gives everything back, the last one opened first.
func (a *aggregation) close() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		a.closers[i]()
	}
	a.closers = nil
}

// connect starts the embedded server, or reaches the one that is configured.
func (a *aggregation) connect() error {
	remote := a.cfg.NATS.Remote
	if len(remote.Servers) == 0 {
		agents, err := a.elsewhere()
		if err != nil {
			return err
		}
		server, err := embedded.Start(embedded.Config{Dir: filepath.Join(a.data, natsFolder), Listen: a.cfg.NATS.Listen, MaxBytes: a.cfg.NATS.MaxBytes,
			TLS: bus.TLS{CA: remote.TLS.CA, Cert: remote.TLS.Cert, Key: remote.TLS.Key}, Agents: agents, Log: a.log})
		if err != nil {
			return err
		}
		a.nats = server
		a.closeLater(server.Close)
	}
	conn, err := a.dial("aggregator")
	if err != nil {
		return err
	}
	a.conn = conn
	a.closeLater(conn.Close)
	return nil
}

// dial is a connection with the rights of the aggregator.
func (a *aggregation) dial(name string) (*bus.Conn, error) {
	if a.nats != nil {
		return bus.Connect(bus.Config{Name: name, Server: a.nats, Log: a.log})
	}
	cfg, err := lanes.Remote(name, a.cfg.NATS.Remote, a.log)
	if err != nil {
		return nil, process.UsageError("%w", err)
	}
	return bus.Connect(cfg)
}

// agentConn is the connection of this machine's agent: to its own servers, or as the aggregator's.
func (a *aggregation) agentConn() (*bus.Conn, error) {
	if len(a.cfg.Agent.NATS.Servers) == 0 {
		return a.dial("agent " + a.cfg.Agent.Name)
	}
	cfg, err := lanes.OwnRemote(a.cfg, a.log)
	if err != nil {
		return nil, process.UsageError("%w", err)
	}
	return bus.Connect(cfg)
}

// makeFollowers makes the follower of the index, the aggregator's own lane, and the followers of the trails.
func (a *aggregation) makeFollowers() error {
	key, err := agent.LoadKey(a.dir)
	if err != nil {
		return fmt.Errorf("key of the aggregator: %w", err)
	}
	name, err := a.aggregatorName(key)
	if err != nil {
		return fmt.Errorf("name of the aggregator: %w", err)
	}
	if err := a.enrolOwn(name, key); err != nil {
		return err
	}
	if a.lease != nil {
		a.agents.Learn = func() error { return a.mergeAgents(context.Background()) }
		a.agents.Share = a.agents.Learn
	}
	native, err := mapper.New(mapper.Options{Format: "native"})
	if err != nil {
		return err
	}
	a.system = &aggregator.System{Key: key.Public, AccountID: a.cfg.Agent.AccountID, Region: a.cfg.Agent.Region}
	a.lane = &agent.Lane{Account: a.cfg.Agent.Account, Agent: name, Name: aggregator.SystemSource, Key: key, Machine: agent.Machine(),
		Source: a.system, Mapper: native, Quiet: true, Stream: a.conn, Dir: a.spoolFolder(), Log: a.log}
	stream := aggregator.BusStream{Conn: a.conn}
	a.follower = &aggregator.Follower{Name: "index", Kind: "index", Stream: stream, Opener: a.opener, Sink: a.index, Quarantine: a.quarantine, System: a.system, Live: a.live, Log: a.log}
	for _, d := range a.trails.all() {
		if err := a.equip(d); err != nil {
			return err
		}
	}
	return nil
}

// run carries everything until ctx ends.
func (a *aggregation) run(ctx context.Context) error {
	var all sync.WaitGroup
	failed := make(chan error, 2)
	server := a.httpServer()
	listener := a.listener
	if c := a.guarded.certificates; c != nil {
		listener = tls.NewListener(listener, c.Server())
	}
	all.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("the API has stopped: %w", err)
		}
	})
	a.log.Info("API listens", "address", a.guarded.address(a.listener), "version", version)

	// The system's lane outlives the followers: what they find must become durable.
	laneCtx, stopLane := context.WithCancel(context.WithoutCancel(ctx))
	defer stopLane()
	var lane sync.WaitGroup
	lane.Go(func() {
		if a.awaitStream(laneCtx) {
			(&agent.Agent{Lanes: []*agent.Lane{a.lane}, Log: a.log}).Run(laneCtx)
		}
	})
	followCtx, stop := context.WithCancel(ctx)
	defer stop()
	all.Go(func() {
		if err := a.follow(followCtx); err != nil {
			failed <- err
		}
	})
	all.Go(func() { a.watchStore(followCtx) })
	all.Go(func() { a.watchConfig(followCtx) })
	all.Go(func() { a.watchAgents(followCtx) })
	all.Go(func() { a.serveRecovery(followCtx) })

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	a.log.Info("stopping")
	a.reportStop(laneCtx)
	stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if server.Shutdown(stopCtx) != nil {
		server.Close() // exports under way are cut: the client sees it
	}
	stop()
	all.Wait()
	stopLane()
	lane.Wait()
	return err
}

// awaitStream waits until there is a stream; false when ctx ended first.
func (a *aggregation) awaitStream(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-a.streamed:
		return true
	}
}

// hasStream tells whether there is a stream.
func (a *aggregation) hasStream() bool {
	select {
	case <-a.streamed:
		return true
	default:
		return false
	}
}

// follow makes the stream, then leads or stands by until ctx ends.
func (a *aggregation) follow(ctx context.Context) error {
	failed := func(err error) { a.log.Warn("stream is not ready", "error", err) }
	if backoff.Retry(ctx, failed, func() error { return a.ensureStream(ctx) }) != nil {
		return nil // stopped before there was a stream
	}
	if a.lease != nil { // whoever leads must know the key before it sees a batch
		if backoff.Retry(ctx, failed, func() error { return a.mergeAgents(ctx) }) != nil {
			return nil
		}
	}
	close(a.streamed)
	return a.leadOrStandBy(ctx)
}

// streamConfig begins a new stream above every position: what a store that was
// lost held must not be mistaken for what comes now.
func (a *aggregation) streamConfig() bus.StreamConfig {
	last := a.index.Position().Seq
	for _, d := range a.trails.all() {
		if c := d.carrier(); c != nil {
			last = max(last, c.Position().Seq)
		}
		last = max(last, d.follower.Debt.To())
	}
	cfg := bus.StreamConfig{MaxBytes: a.cfg.NATS.MaxBytes}
	if last > 0 {
		cfg.FirstSeq = last + 1
	}
	return cfg
}

// watchStore starts the embedded server again once there is room on a disk that was full.
func (a *aggregation) watchStore(ctx context.Context) {
	if a.nats == nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for failed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// A store that has failed stays so; one that only seems to, on a machine that is very busy, does not.
		if failed++; a.nats.Healthy() {
			failed = 0
		}
		if failed < 3 || diskFree(a.data) < diskReserve {
			continue
		}
		failed = 0
		a.log.Warn("the store of NATS has failed; starting it again")
		if err := a.nats.Restart(); err != nil {
			a.log.Error("NATS did not start again, trying later", "error", err)
		}
	}
}

func (a *aggregation) httpServer() *http.Server {
	most := a.cfg.API.Limits
	s := &api.Server{Index: a.index, Status: a.status, Trails: a.trailStatus, Agents: a.agentStatus, Unmapped: a.unmapped, Ready: a.unready, Prove: a.prove, Bundle: a.bundle, Audit: auditCalls(a.system),
		TrailCalls: trailCalls{a}, Imports: importCalls{a}, Leads: a.mayChange, Quarantine: a.quarantined(), Live: a.live, Searches: a.searches, Links: a.links, Page: a.console, Log: a.log,
		Timeout: most.Timeout, MostSearches: most.Searches, Patience: most.Wait, MostEvents: most.Page, MostExports: most.Exports, MostTails: most.Tails}
	if a.guarded.tokens != nil {
		s.Tokens = a.guarded.tokens
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelWarn)}
	server.RegisterOnShutdown(a.live.Close) // tails end when they are told to, and not before
	return server
}
