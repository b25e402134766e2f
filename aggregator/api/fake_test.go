package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// fakeIndex answers by looking at every event.
type fakeIndex struct {
	index.Index // what the API does not call
	events      []event.Event
	err         func(q index.Query) error // of a search
	searched    chan index.Query          // nil: not told
	incomplete  []string                  // of each answer
}

func (f *fakeIndex) matching(q index.Query) []event.Event {
	var out []event.Event
	for _, e := range f.events {
		t := e.Time.Std()
		if t.Before(q.From) || !q.To.IsZero() && !t.Before(q.To) || q.Filter != nil && !q.Filter.Match(&e) {
			continue
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b event.Event) int {
		c := cmp.Or(cmp.Compare(a.Time.Nanos, b.Time.Nanos), cmp.Compare(a.ID, b.ID))
		if !q.Ascending {
			c = -c
		}
		return c
	})
	return out
}

func place(e event.Event) string { return fmt.Sprintf("%020d %s", e.Time.Nanos, e.ID) }

func (f *fakeIndex) Search(ctx context.Context, q index.Query) (index.Page, error) {
	if f.searched != nil {
		f.searched <- q
	}
	if f.err != nil {
		if err := f.err(q); err != nil {
			return index.Page{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return index.Page{}, err
	}
	all := f.matching(q)
	page := index.Page{Total: len(all), Incomplete: f.incomplete}
	if q.NoTotal {
		page.Total = -1
	}
	after, err := base64.StdEncoding.DecodeString(q.After)
	if err != nil || q.After != "" && !bytes.Contains(after, []byte(" ")) {
		return index.Page{}, fmt.Errorf("read cursor: %w", index.ErrCursor)
	}
	for _, e := range all {
		if q.After != "" && (place(e) > string(after)) != q.Ascending || place(e) == string(after) {
			continue
		}
		if len(page.Events) == q.Limit {
			page.Next = "" // set below
			if n := len(page.Events); n > 0 {
				last, _ := event.ParseJSON(page.Events[n-1])
				page.Next = base64.StdEncoding.EncodeToString([]byte(place(last)))
			}
			break
		}
		page.Events = append(page.Events, e.AppendJSON(nil))
	}
	return page, nil
}

func (f *fakeIndex) Get(_ context.Context, id string) ([]byte, error) {
	for _, e := range f.events {
		if e.ID == id {
			return e.AppendJSON(nil), nil
		}
	}
	return nil, index.ErrNotFound
}

func (f *fakeIndex) Histogram(_ context.Context, q index.Query, step time.Duration) ([]index.Bucket, []string, error) {
	counted := map[time.Time]index.Bucket{}
	for _, e := range f.matching(q) {
		start := e.Time.Std().Truncate(step) // aligned to year 1; floor is to 1970: equal for the steps of these tests
		if f := floor(e.Time.Std(), step); f.Before(start) {
			start = f
		}
		b := counted[start]
		b.Start = start
		b.Count++
		if e.ErrorCode != "" {
			b.Errors++
		}
		counted[start] = b
	}
	var out []index.Bucket
	for _, b := range counted {
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b index.Bucket) int { return a.Start.Compare(b.Start) })
	return out, f.incomplete, nil
}

func (f *fakeIndex) Values(_ context.Context, q index.Query, field string, n int) ([]index.Value, []string, error) {
	counted := map[string]int{}
	for _, e := range f.matching(q) {
		fd, path, _ := event.Lookup(field)
		if path == "" {
			counted[fd.Value(&e)]++
			continue
		}
		event.Object(fd.Value(&e)).Leaves(func(p, v string) {
			if p == path {
				counted[v]++
			}
		})
	}
	delete(counted, "")
	var out []index.Value
	for v, c := range counted {
		out = append(out, index.Value{Value: v, Count: c})
	}
	slices.SortFunc(out, func(a, b index.Value) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Value, b.Value)) })
	return out[:min(n, len(out))], f.incomplete, nil
}

func (f *fakeIndex) Fields(_ context.Context, q index.Query, n int) ([]index.Field, []string, error) {
	counted := map[string]int{}
	for _, e := range f.matching(q) {
		for _, fd := range event.Fields() {
			if fd.Kind != event.Flattened {
				if (query.Exists{Field: fd}).Match(&e) {
					counted[fd.Name]++
				}
				continue
			}
			seen := map[string]bool{}
			event.Object(fd.Value(&e)).Leaves(func(path, _ string) {
				if !seen[path] {
					seen[path] = true
					counted[fd.Name+"."+path]++
				}
			})
		}
	}
	var out []index.Field
	for name, c := range counted {
		out = append(out, index.Field{Name: name, Count: c})
	}
	slices.SortFunc(out, func(a, b index.Field) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Name, b.Name)) })
	return out[:min(n, len(out))], f.incomplete, nil
}

// testNow is the clock of these tests.
var testNow = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// madeUp are n events, one every step back from now, of a pretended cloud.
func madeUp(n int, now time.Time, step time.Duration) []event.Event {
	base := event.NewIDBase("key", "edge", "file", 0)
	actions := []struct{ service, name, rw, kind, resource string }{
		{"Ecs", "DescribeInstances", event.Read, event.TypeAPICall, "ACS::ECS::Instance"},
		{"Ecs", "StopInstance", event.Write, event.TypeAPICall, "ACS::ECS::Instance"},
		{"Rds", "DescribeDBInstances", event.Read, event.TypeAPICall, "ACS::RDS::DBInstance"},
		{"Ram", "CreateAccessKey", event.Write, event.TypeConsoleOperation, "ACS::RAM::AccessKey"},
		{"Oss", "GetObject", event.Read, event.TypeAPICall, "ACS::OSS::Object"},
		{"AasSub", "ConsoleSignin", event.Write, event.TypeConsoleSignin, ""},
		{"Oss", "PutBucketAcl", event.Write, event.TypeAPICall, "ACS::OSS::Bucket"},
	}
	users := []struct{ kind, name, key, trust string }{
		{"ram-user", "alice", "LTAI5tAlice", event.TrustVerified},
		{"ram-user", "ci-deployer", "LTAI5tDeploy", event.TrustVerified},
		{"root-account", "root", "", event.TrustVerified},
		{"basic", "bob", "", event.TrustClaimed},
		{"assumed-role", "AuditReader:nightly-report", "STS.NUgYr", event.TrustVerified},
	}
	agents := []string{"aliyun-cli/3.0.277 (linux-amd64)", "Terraform/1.9.8 terraform-provider-alicloud/1.230", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", "python-requests/2.32.3"}
	out := make([]event.Event, n)
	for i := range out {
		k := i * 2654435761 >> 7
		a, u := actions[k%len(actions)], users[k/7%len(users)]
		e := event.Event{
			ID: base.ID(int64(i)), Category: event.CategoryManagement, Type: a.kind, Name: a.name, RW: a.rw, Service: a.service,
			Source: "api.shop.example", Time: event.At(now.Add(-time.Duration(i+1)*step), 3), Region: "cn-hangzhou",
			SourceIP: fmt.Sprintf("203.0.113.%d", k%250), UserAgent: agents[k/3%len(agents)], RequestID: fmt.Sprintf("r-%d", i),
			ResourceType: a.resource, RecipientAccountID: "1234567890",
			Identity: event.Identity{Type: u.kind, UserName: u.name, AccessKeyID: u.key, AccountID: "1234567890", Trust: u.trust, Source: "remote_user"},
			Origin:   event.Origin{Agent: "gw-1", Source: "edge", Epoch: 1, Batch: uint64(i/100 + 1), Index: uint64(i % 100), File: "/var/log/nginx/access.log", Offset: int64(i * 300), Length: 299},
		}
		if a.resource != "" {
			e.ResourceName = fmt.Sprintf("i-bp1%05d", k%4000)
			e.RequestParameters, _ = event.ParseObject(fmt.Appendf(nil, `{"InstanceId":"i-bp1%05d","Force":%t,"Tag.1.Key":"env"}`, k%4000, i%2 == 0))
		}
		if k%9 == 0 || i%97 < 4 {
			e.ErrorCode, e.ErrorMessage = "Forbidden.RAM", "User not authorized to operate on the specified resource."
		}
		out[i] = e
	}
	return out
}
