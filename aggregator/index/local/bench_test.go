package local

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/aggregator/index/indextest"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// typical is an event of about 1.1 kB, as a gateway's mapper makes it.
func typical(r *rand.Rand, base *event.IDBase, i int, at time.Time) event.Event {
	id := func() string {
		return event.FormatUUID([16]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())})
	}
	user := r.IntN(2000)
	e := event.Event{
		ID: base.ID(int64(i)), Category: event.CategoryManagement, Type: event.TypeAPICall, Name: fmt.Sprint("DescribeThing", r.IntN(300)), RW: event.Read,
		Source: "ecs.example.com", Service: fmt.Sprint("Service", r.IntN(30)), APIVersion: "2014-05-26", Time: event.At(at, 3), Region: fmt.Sprint("region-", r.IntN(10)),
		SourceIP: fmt.Sprintf("10.0.%d.%d", r.IntN(20), r.IntN(250)), UserAgent: fmt.Sprintf("sdk-go/1.%d (linux; amd64) app/%d", r.IntN(20), r.IntN(10)), RequestID: id(),
		RequestParameters: event.Object(fmt.Sprintf(`{"ClientToken":"%s","InstanceId":"i-%06d","PageSize":%d,"RegionId":"region-%d","SecurityGroup":"sg-%04d"}`, id(), r.IntN(50000), 10*r.IntN(10), r.IntN(10), r.IntN(3000))),
		ResourceType:      "ACS::ECS::Instance", ResourceName: fmt.Sprintf("i-%06d", r.IntN(50000)), RecipientAccountID: "1234567890",
		Identity: event.Identity{Type: "ram-user", PrincipalID: fmt.Sprint("28", user), AccountID: "1234567890", UserName: fmt.Sprint("user", user), AccessKeyID: fmt.Sprint("LTAI", user), Trust: event.TrustVerified, Source: "jwt.sub"},
		Origin:   event.Origin{Agent: "gateway-1", Source: "nginx", Epoch: 1763700000, Batch: uint64(i / 500), Index: uint64(i % 500), File: "/var/log/nginx/access.log", FileID: "fd00:1234:5678", Offset: int64(i) * 700, Length: int64(650 + r.IntN(100)), Observed: event.At(at.Add(time.Second), 3), Mapper: "aliyun/1"},
	}
	if r.IntN(3) == 0 {
		e.RW = event.Write
	}
	if r.IntN(14) == 0 {
		e.ErrorCode, e.ErrorMessage = "Forbidden.RAM", "User not authorized to operate on the specified resource, or this API does not support RAM."
	}
	return e
}

func fill(b *testing.B, x *Index, n, batch int, over time.Duration) (jsonBytes int) {
	r := rand.New(rand.NewPCG(1, 2))
	base := event.NewIDBase("key", "source", "file", 0)
	var lanes indextest.Lanes
	for i := 0; i < n; i += batch {
		events := make([]event.Event, batch)
		for k := range events {
			events[k] = typical(r, &base, i+k, indextest.Start.Add(over*time.Duration(i+k)/time.Duration(n)))
		}
		jsonBytes += len(events[0].AppendJSON(nil)) * batch
		b.StartTimer()
		if err := x.Write(context.Background(), []event.Batch{lanes.Batch("a", events...)}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
	}
	return jsonBytes
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// The CPU includes making the events, which is measured alone and taken off.
func BenchmarkIngest(b *testing.B) {
	const n = 150_000
	for range b.N {
		r := rand.New(rand.NewPCG(1, 2))
		base := event.NewIDBase("key", "source", "file", 0)
		from := cpu()
		for i := range n {
			typical(r, &base, i, indextest.Start)
		}
		making := cpu() - from
		x := mustOpen(b, Config{Dir: b.TempDir(), SegmentEvents: 65_000})
		from = cpu()
		size := fill(b, x, n, 500, 24*time.Hour)
		if err := x.waitBuilt(context.Background()); err != nil {
			b.Fatal(err)
		}
		if err := x.cut(); err != nil {
			b.Fatal(err)
		}
		if err := x.waitBuilt(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64((cpu()-from-making).Microseconds())/n, "cpu-µs/event")
		b.ReportMetric(float64(x.Stats().Bytes)/n, "B/event")
		b.ReportMetric(float64(size)/n, "jsonB/event")
		for _, s := range x.segments[:1] {
			f := s.foot
			b.Logf("%d events: times %d hashes %d docs %d keys %d entries %d postings %d", f.Events, f.Times.Length, f.Hashes.Length, f.Docs.Length, f.Keys.Length, f.Entries.Length, f.Postings.Length)
			for _, c := range f.Columns {
				b.Logf("column %s %d", c.Name, c.Values.Length)
			}
		}
		mustClose(b, x)
	}
}

func BenchmarkQueries(b *testing.B) {
	x := mustOpen(b, Config{Dir: b.TempDir(), SegmentEvents: 20_000})
	defer mustClose(b, x)
	fill(b, x, 200_000, 1000, 10*24*time.Hour)
	if err := x.waitBuilt(context.Background()); err != nil {
		b.Fatal(err)
	}
	field := func(name string) event.Field {
		f, _, _ := event.Lookup(name)
		return f
	}
	ctx := context.Background()
	search := func(filter query.Expr) func() error {
		return func() error {
			_, err := x.Search(ctx, index.Query{Filter: filter, Limit: 50})
			return err
		}
	}
	for name, ask := range map[string]func() error{
		"latest":    search(nil),
		"user":      search(query.And{Exprs: []query.Expr{query.Term{Field: field("userIdentity.userName"), Value: "user7"}, query.Term{Field: field("eventRW"), Value: "Write"}}}),
		"text":      search(query.Text{Value: "i-000077", Tokens: []string{"i-000077"}}),
		"leaf":      search(query.Term{Field: field("requestParameters"), Path: "InstanceId", Value: "i-000078"}),
		"prefix":    search(query.Wildcard{Field: field("resourceName"), Parts: []string{"i-0000", ""}}),
		"wildcard":  search(query.Wildcard{Field: field("resourceName"), Parts: []string{"", "77"}}),
		"phrase":    search(query.Phrase{Field: field("errorMessage"), Tokens: []string{"not", "authorized"}}),
		"histogram": func() error { _, _, err := x.Histogram(ctx, index.Query{}, time.Hour); return err },
		"histogram of a service": func() error {
			_, _, err := x.Histogram(ctx, index.Query{Filter: query.Term{Field: field("serviceName"), Value: "Service7"}}, time.Hour)
			return err
		},
		"top": func() error {
			_, _, err := x.Values(ctx, index.Query{Filter: query.Term{Field: field("serviceName"), Value: "Service7"}}, "userIdentity.userName", 10)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				if err := ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
