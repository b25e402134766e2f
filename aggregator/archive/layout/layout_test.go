package layout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/event"
)

func TestKey(t *testing.T) {
	at := event.At(time.Date(2026, 11, 21, 23, 59, 59, 0, time.FixedZone("", -3600)), 0) // the 22nd in UTC
	tests := map[string]struct {
		event event.Event
		want  string
	}{
		"all told":        {event.Event{RecipientAccountID: "1234567890", Region: "cn-hangzhou", Time: at}, "AuditLog/1234567890/cn-hangzhou/2026/11/22/sec_cn-hangzhou_000000000007_12_abcdef01.ndjson.gz"},
		"nothing told":    {event.Event{}, "AuditLog/prod/-/undated/sec_-_000000000007_12_abcdef01.ndjson.gz"},
		"only observed":   {event.Event{Origin: event.Origin{Observed: at}}, "AuditLog/prod/-/2026/11/22/sec_-_000000000007_12_abcdef01.ndjson.gz"},
		"hostile account": {event.Event{RecipientAccountID: "../../etc\x00", Region: ".", Time: at}, "AuditLog/~2E.~2F..~2Fetc~00/~2E/2026/11/22/sec_~2E_000000000007_12_abcdef01.ndjson.gz"},
	}
	for name, test := range tests {
		l := layout.ActionTrail
		got := l.Key(l.Folder(event.Lane{Account: "prod"}, &test.event), "sec", 7, 12, event.Hash{0xab, 0xcd, 0xef, 1, 2}, "ndjson.gz")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("1234567890", "cn-hangzhou", int64(0))
	f.Add("..", "/", int64(1)<<62)
	f.Add(strings.Repeat("ä", 200), "\xff", int64(-1)<<62)
	f.Fuzz(func(t *testing.T, account, region string, nanos int64) {
		l := layout.ActionTrail
		folder := l.Folder(event.Lane{Account: "prod"}, &event.Event{RecipientAccountID: account, Region: region, Time: event.Unix(nanos, 9)})
		key := l.Key(folder, "all", 1, 1, event.Hash{}, "ndjson.gz")
		if err := archive.CheckKey(key); err != nil {
			t.Error(err)
		}
		if n := strings.Count(key, "/"); n != 6 {
			t.Errorf("%s has %d folders", key, n)
		}
	})
}
