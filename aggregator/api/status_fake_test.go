package api

import (
	"context"
	"time"
)

// madeUpStatus has a value in every field.
func madeUpStatus(now time.Time) Status {
	return Status{
		Version: "v0.1.0", StartedAt: now.Add(-time.Hour), Account: "prod", Configuration: ConfigurationStatus{Hash: "ab", NeedsRestart: []string{"api"}},
		Agents: AgentCounts{Live: 1, Silent: 1},
		Sources: []SourceStatus{{Agent: "gw-1", Source: "edge", Account: "prod", LastBatch: 812, LastSeq: 900, LagEvents: 3, LagSeconds: 0.2,
			Gaps: 1, Unparsed: 2, Ignored: 40, Quarantined: 1, LastError: "a line is \"odd\"\n", LastSeen: now}},
		Followers:  []FollowerStatus{{Name: "index", Kind: FollowerStatusKindIndex, Seq: 900}, {Name: "security", Kind: FollowerStatusKindTrail, Seq: 890, LagBatches: 10, LagSeconds: 2.5, LastError: "bucket away"}},
		Trails:     madeUpTrails(now)(context.Background()),
		Stream:     StreamStatus{Messages: 500, Bytes: 1 << 20, MaxBytes: 1 << 30, FirstSeq: 401, LastSeq: 900},
		Index:      IndexStatus{Events: 6000, Bytes: 2 << 20, Oldest: now.Add(-24 * time.Hour), Newest: now, Segments: 4, Damaged: []string{"seg-7: checksum of section ids"}},
		Quarantine: QuarantineStatus{Count: 1, Bytes: 4096, LastReason: "bad signature"},
		Disk:       DiskStatus{Free: 1 << 40},
	}
}

// madeUpAgents are one with a value in every field, and one of which nothing but its name is known.
func madeUpAgents(now time.Time) func(context.Context) []AgentStatus {
	offset := -1.5
	return func(context.Context) []AgentStatus {
		return []AgentStatus{
			{Account: "prod", Agent: "gw-1", State: AgentStateLive, Version: "v0.1.0", StartedAt: now.Add(-time.Hour), LastSeen: now.Add(-4 * time.Second), LastSeenSeconds: 4,
				ClockOffsetSeconds: &offset, RefusedReports: 1, Warnings: []string{"1 reports were refused"},
				Sources: []AgentSource{{Source: "edge", State: AgentStateLive, Failing: true, LastSeen: now, LastBatch: 812, LagBytes: 4096, LagSeconds: 1.5,
					Spool: SpoolStatus{Bytes: 2048, MaxBytes: 1 << 30, Batches: 2, OldestSeconds: 3}, Events: 1000, Published: 900, Gaps: 1, SourceGaps: 2, Ignored: 40, Unparsed: 3,
					Unmapped: 100, UnmappedRate: 0.1, Quarantined: 1, LastError: "a \"b\"\n", LastErrorTime: now, Warnings: []string{"w"}}}},
			{Account: "prod", Agent: "gw-2", State: AgentStateSilent, Warnings: []string{}, Sources: []AgentSource{}},
		}
	}
}

func madeUpTrails(now time.Time) func(context.Context) []TrailStatus {
	return func(context.Context) []TrailStatus {
		return []TrailStatus{
			{Name: "all", State: TrailStatusStateRunning, Deliver: []Delivery{{Name: "file", Kind: "file", State: DeliveryStateRunning, Target: "./data/archive"}}, Seq: 900, Events: 81234, Objects: 62, Bytes: 5 << 20, LastDelivery: now.Add(-20 * time.Second), LastSeal: now.Add(-20 * time.Second)},
			{Name: "security", State: TrailStatusStateFailing, Where: "eventRW: Write and serviceName: (Ram or Sts)", Deliver: []Delivery{{Name: "file", Kind: "file", State: DeliveryStateRunning, Target: "/mnt/worm/audit"}}, Seq: 890, LagBatches: 10, LagSeconds: 2.5, Events: 811, Objects: 9, Bytes: 90 << 10,
				LastDelivery: now.Add(-300 * time.Second), LastError: "create /mnt/worm/audit/seal/000012: no space left on device", LastErrorTime: now},
		}
	}
}
