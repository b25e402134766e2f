package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/agent"
	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Several aggregators can follow one stream that is in a NATS server of its own. One
// leads: it fills the index, carries the trails, purges the stream, and takes what
// changes trails. The others answer searches, and one of them takes over when the
// leader stops, or is not heard of (docs/adr/0008).

const (
	// leaseName is the lease of who leads.
	leaseName = "leader"
	// standbyEvery is how often a standby looks at what the leader shares.
	standbyEvery = 5 * time.Second
	// memberName is the file in the aggregator's folder with what tells this installation from others.
	memberName = "member"
	// ownName is the file with the name under which it sends its own events.
	ownName = "name"
)

// openLease prepares to want the lease, unless the stream is in this very process.
func (a *aggregation) openLease() error {
	if a.nats != nil {
		return nil
	}
	id, err := a.once(memberName, func() string { return randomHex() })
	if err != nil {
		return fmt.Errorf("the name of this installation: %w", err)
	}
	a.lease = a.conn.Lease(bus.LeaseConfig{Name: leaseName, Time: a.pace.lease, Log: a.log,
		Holder: bus.Holder{ID: id, Run: randomHex(), Name: fmt.Sprintf("%s at %s", hostName(), a.listener.Addr()), Index: a.indexPlace(id)}})
	return nil
}

func randomHex() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// once reads a word that is kept in the aggregator's folder, which is made the first time.
func (a *aggregation) once(file string, draw func() string) (string, error) {
	path := filepath.Join(a.dir, file)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		data = []byte(draw() + "\n")
		err = durable.WriteFile(path, data)
	}
	return strings.TrimSpace(string(data)), err
}

// indexPlace tells whether two aggregators fill one index.
func (a *aggregation) indexPlace(id string) string {
	if e := a.cfg.Index.Elasticsearch; e != nil {
		return "elasticsearch " + e.Prefix
	}
	return "local " + id
}

// aggregatorName is the name of this aggregator's own lane. Those on one stream need
// names of their own, or each would find the other's batches under its subject; a
// single one, and one of an earlier release, is just called aggregator.
func (a *aggregation) aggregatorName(key agent.Key) (string, error) {
	return a.once(ownName, func() string {
		if _, err := os.Stat(a.spoolFolder()); err == nil || a.nats != nil {
			return config.AggregatorName
		}
		return config.AggregatorName + "-" + strings.ToLower(key.Public[len(key.Public)-8:])
	})
}

func (a *aggregation) spoolFolder() string { return filepath.Join(a.dir, "spool") }

// errOtherIndex tells that this server cannot stand by for the leader.
var errOtherIndex = errors.New("two servers on one stream need one index")

// leadOrStandBy leads when it can, until ctx ends. An error is one of the configuration.
func (a *aggregation) leadOrStandBy(ctx context.Context) error {
	if a.lease == nil {
		a.lead(ctx, false)
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var standby sync.WaitGroup
	standby.Go(func() { a.reportStandby(ctx) })
	standby.Go(func() {
		if err := a.standBy(ctx); err != nil {
			cancel(err)
		}
	})
	a.lease.Run(ctx, a.lead)
	standby.Wait()
	if err := context.Cause(ctx); errors.Is(err, errOtherIndex) {
		return err
	}
	return nil
}

// standBy keeps up with what the leader shares, while another one leads.
func (a *aggregation) standBy(ctx context.Context) error {
	tick := time.NewTicker(standbyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		who, here := a.lease.Leader()
		if here || who == (bus.Holder{}) {
			continue
		}
		if own := a.lease.Holder(); who.Index != own.Index {
			return process.UsageError("%w: %s leads, and fills the index %q, this server has %q; give both the same index \"elasticsearch\" block, or let one of them run alone", errOtherIndex, who.Name, who.Index, own.Index)
		}
		if err := a.keepUp(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("this server stands by, and does not see what the leader does", "leader", who.Name, "error", err)
		}
	}
}

// keepUp brings the trails of the leader, and what it has indexed.
func (a *aggregation) keepUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	if remote, ok := a.index.(index.Remote); ok {
		remote.Forget()
		if err := remote.Ready(ctx); err != nil {
			return err
		}
	}
	s, err := a.conn.Shared(ctx)
	if err != nil {
		return err
	}
	changed, err := (&sharing{a: a, docs: s}).pullTrails(ctx)
	if changed && err == nil {
		a.reloadConfig(ctx)
	}
	return err
}

// leads tells whether this server leads, and who does.
func (a *aggregation) leads() (who string, here bool) {
	if a.lease == nil {
		return "", true
	}
	holder, here := a.lease.Leader()
	return holder.Name, here
}

// mayChange refuses what the leader alone does.
func (a *aggregation) mayChange() error {
	if who, here := a.leads(); !here {
		return api.Standby(who)
	}
	return nil
}

// reportStandby makes an event of the start of a server that may not lead. What has
// changed in the configuration is told by the leader.
func (a *aggregation) reportStandby(ctx context.Context) {
	failed := func(err error) { a.log.Warn("the start is not in the trail yet", "error", err) }
	_ = backoff.Retry(ctx, failed, func() error { return a.system.Report(ctx, serverEvent("StartServer"), true) }) // ends with ctx alone
}

// endOfArchives is the last place in the stream that an archive knows.
func (a *aggregation) endOfArchives(ctx context.Context) uint64 {
	var last uint64
	for _, d := range a.trails.all() {
		bucket, err := openBucket(ctx, &d.Delivery)
		if err == nil {
			var end uint64
			end, err = archive.EndSeq(ctx, bucket)
			last = max(last, end)
		}
		if err != nil {
			a.log.Warn("where the archive of a trail ends is not known to the new stream", "trail", d.key(), "error", err)
		}
	}
	return last
}

// lead does what one aggregator does at a time, until ctx ends. taken tells that
// another one did before, which may not know yet that it is over.
func (a *aggregation) lead(ctx context.Context, taken bool) {
	var share *sharing
	if a.lease != nil {
		failed := func(err error) { a.log.Warn("this server cannot take over yet", "error", err) }
		if backoff.Retry(ctx, failed, func() (err error) { share, err = a.takeOver(ctx); return err }) != nil {
			return
		}
		defer a.letGo()
		for _, d := range a.trails.all() {
			d.renew(taken)
		}
	}
	var all sync.WaitGroup
	purger := &aggregator.Purger{Conn: a.conn, Position: a.index.Position, Followers: []*aggregator.Follower{a.follower}, Trails: a.trails.followers, Retain: aggregator.DefaultRetain, Log: a.log}
	all.Go(func() { a.runTrails(ctx) })
	all.Go(func() { a.follower.Run(ctx) })
	all.Go(func() { purger.Run(ctx) })
	all.Go(func() { a.fleet.Run(ctx) })
	all.Go(func() { a.imports.Run(ctx) })
	all.Go(func() { a.reportLead(ctx) })
	if share != nil {
		all.Go(func() { share.run(ctx) })
	}
	all.Wait()
}

// reportLead makes events of the start, or of the change of who leads.
func (a *aggregation) reportLead(ctx context.Context) {
	if a.lease == nil {
		a.reportStart(ctx)
		return
	}
	a.report(ctx, serverEvent("TakeLead"))
}
