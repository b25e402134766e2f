package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/actiontrail/actiontrail/aggregator"
	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/internal/bus"
)

// diskReserve is the room below which a disk counts as full.
const diskReserve = 16 << 20

// diskFree is the room on the disk that holds dir; the largest number when it is not known.
func diskFree(dir string) int64 {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 1<<63 - 1
	}
	return int64(s.Bavail) * s.Bsize
}

// status is what GET /api/v1/status shows.
func (a *aggregation) status(ctx context.Context) api.Status {
	stats := a.index.Stats()
	count, bytes, last := a.quarantine.Stats()
	state, _ := a.streamState(ctx) // unknown: shown as zeros, and readyz says why
	s := api.Status{
		Version: version, StartedAt: a.started, Account: a.cfg.Agent.Account, Configuration: a.reloaded.status(),
		Index:      api.IndexStatus{Events: stats.Events, Bytes: stats.Bytes, Segments: stats.Segments, Merging: stats.Merging, Oldest: stats.Oldest, Newest: stats.Newest, Damaged: stats.Damaged},
		Quarantine: api.QuarantineStatus{Count: uint64(count), Bytes: bytes, LastReason: string(last.Reason)},
		Stream:     api.StreamStatus{Messages: state.Messages, Bytes: state.Bytes, MaxBytes: state.MaxBytes, FirstSeq: state.FirstSeq, LastSeq: state.LastSeq},
		Agents:     countAgents(a.fleet.Agents(a.sourcesOfAgents())),
		Sources:    a.sources(),
		Trails:     a.trailsAt(state.LastSeq),
		Followers:  []api.FollowerStatus{followerStatus(a.follower.Status(), state.LastSeq)},
	}
	if a.lease != nil {
		who, here := a.leads()
		s.Leader = &api.Leader{Name: who, Here: here}
		if !here { // what its followers did before is not how they fare
			s.Followers = []api.FollowerStatus{}
			return a.withDisk(s)
		}
	}
	for _, d := range a.trails.all() {
		s.Followers = append(s.Followers, followerStatus(d.follower.Status(), state.LastSeq))
	}
	return a.withDisk(s)
}

func (a *aggregation) withDisk(s api.Status) api.Status {
	free := diskFree(a.data)
	s.Disk = api.DiskStatus{Free: free, Full: free < diskReserve}
	return s
}

func (a *aggregation) streamState(ctx context.Context) (bus.StreamState, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return a.conn.State(ctx)
}

func followerStatus(f aggregator.FollowerStatus, lastSeq uint64) api.FollowerStatus {
	s := api.FollowerStatus{Name: f.Name, Kind: api.FollowerStatusKind(f.Kind), Seq: f.Seq, Quarantined: f.Quarantined}
	s.LagBatches, s.LagSeconds = lag(f, lastSeq)
	if f.Failing {
		s.LastError = f.LastError
	}
	return s
}

// lag is how far a follower is behind the stream: in batches, and in seconds since
// the stream took the oldest one that is not durable in its sink.
func lag(f aggregator.FollowerStatus, lastSeq uint64) (batches uint64, seconds float64) {
	if lastSeq <= f.Seq {
		return 0, 0
	}
	since := f.OldestAt
	if since.IsZero() { // not read yet
		since = f.StoredAt
	}
	if !since.IsZero() {
		seconds = max(time.Since(since).Seconds(), 0)
	}
	return lastSeq - f.Seq, seconds
}

// sources are all sources that batches came from, with what only their agents
// know: from the last report, of this machine's agent as it is now.
func (a *aggregation) sources() []api.SourceStatus {
	var all []api.SourceStatus
	for _, s := range a.follower.Sources() {
		all = append(all, api.SourceStatus{Account: s.Account, Agent: s.Agent, Source: s.Source, LastBatch: s.LastBatch, LastSeq: s.LastSeq, LastSeen: s.StoredAt,
			Gaps: s.Gaps, Quarantined: s.Quarantined, Unparsed: s.Unparsed})
	}
	for _, agent := range a.fleet.Agents(a.sourcesOfAgents()) {
		for _, reported := range agent.Sources {
			if !reported.Reported {
				continue
			}
			s, r := source(&all, agent.Account, agent.Agent, reported.Source), reported.Report
			s.Ignored, s.Unparsed, s.LagEvents = r.Ignored, r.Unparsed, r.Events-min(r.Published, r.Events)
			s.LagSeconds = reported.Lag.Seconds()
			if r.Failing || r.ErrorTime.IsZero() {
				s.LastError = r.LastError
			}
			if !reported.LastSeen.IsZero() {
				s.LastSeen = reported.LastSeen
			}
		}
	}
	if a.lanes == nil {
		return all
	}
	for _, lane := range a.lanes.Status() {
		s := source(&all, lane.Account, lane.Agent, lane.Source)
		s.Ignored, s.Unparsed = lane.Ignored, lane.Unparsed
		s.LagEvents = lane.Events - min(lane.Published, lane.Events)
		if !lane.LastSeen.IsZero() {
			s.LastSeen = lane.LastSeen
		}
		s.LagSeconds, s.LastError = 0, ""
		if !lane.Oldest.IsZero() {
			s.LagSeconds = max(time.Since(lane.Oldest).Seconds(), 0)
		}
		if lane.Failing {
			s.LastError = lane.LastError
		}
		if s.LastError == "" && lane.Plugin != nil {
			s.LastError = lane.Plugin.Error()
		}
		for _, f := range lane.Files.Faults {
			if s.LastError == "" {
				s.LastError = fmt.Sprintf("%s: %v", f.Path, f.Err)
			}
		}
	}
	return all
}

// source is the entry of a source, which is made when there is none.
func source(all *[]api.SourceStatus, account, agent, name string) *api.SourceStatus {
	for i := range *all {
		if s := &(*all)[i]; s.Account == account && s.Agent == agent && s.Source == name {
			return s
		}
	}
	*all = append(*all, api.SourceStatus{Account: account, Agent: agent, Source: name})
	return &(*all)[len(*all)-1]
}

// unready tells why events are not taken or searches are not answered right.
func (a *aggregation) unready() []string {
	var why []string
	if free := diskFree(a.data); free < diskReserve {
		why = append(why, fmt.Sprintf("the disk of %s is full (%d KiB left): nothing is acknowledged until there is room", a.data, free>>10))
	}
	if a.nats != nil && !a.nats.Healthy() {
		why = append(why, "the store of the embedded NATS server has failed")
	} else if !a.conn.Connected() {
		why = append(why, "there is no connection to NATS")
	}
	if _, here := a.leads(); !here {
		return why
	}
	if f := a.follower.Status(); f.Failing {
		why = append(why, "the index waits: "+f.LastError)
	}
	if s := a.lane.Status(); s.Failing {
		why = append(why, "the audit of actiontrail itself waits: "+s.LastError)
	}
	if a.lanes != nil {
		for _, s := range a.lanes.Status() {
			if s.Failing {
				why = append(why, fmt.Sprintf("source %s waits: %s", s.Source, s.LastError))
			}
		}
	}
	return why
}
