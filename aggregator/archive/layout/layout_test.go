package layout_test

import (
	"regexp"
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
		got := l.Key(l.Folder(event.Lane{Account: "prod"}, &test.event), layout.Object{Trail: "sec", Seal: 7, Count: 12, Logical: event.Hash{0xab, 0xcd, 0xef, 1, 2}, Codec: "ndjson.gz"})
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What other tools expect, letter by letter.
func TestKeysOfOthers(t *testing.T) {
	e := event.Event{RecipientAccountID: "123456789012", Region: "eu-central-1", Time: event.At(time.Date(2026, 11, 20, 7, 1, 2, 0, time.UTC), 0)}
	o := layout.Object{Trail: "sec", Seal: 7, Time: time.Date(2026, 11, 21, 23, 5, 6, 7e6, time.UTC), Count: 12, Bytes: 3456, Logical: event.Hash{0xab, 0xcd, 0xef, 1, 2}}
	for _, c := range []struct {
		layout layout.Layout
		codec  string
		event  event.Event
		want   string
	}{
		{layout.OSS, "ndjson.gz", e, `^AliyunLogs/Actiontrail/eu-central-1/2026/11/21/Actiontrail_eu-central-1_20261121230506_1002_12_3456_[0-9a-f]{32}\.gz$`},
		{layout.OSS, "ndjson.zst.age", event.Event{}, `^AliyunLogs/Actiontrail/-/2026/11/21/Actiontrail_-_20261121230506_1002_12_3456_[0-9a-f]{32}\.zst\.age$`},
		{layout.CloudTrail, "cloudtrail.json.gz", e, `^AWSLogs/123456789012/CloudTrail/eu-central-1/2026/11/21/123456789012_CloudTrail_eu-central-1_20261121T2305Z_[A-Z2-7]{16}\.json\.gz$`},
		{layout.Hive, "ndjson.zst", e, `^events/account=123456789012/region=eu-central-1/dt=2026-11-20/hour=07/sec_000000000007_abcdef01\.ndjson\.zst$`},
		{layout.Hive, "parquet", e, `^events/account=123456789012/region=eu-central-1/dt=2026-11-20/hour=07/sec_000000000007_abcdef01\.parquet$`},
		{layout.OSS, "parquet.age", e, `^AliyunLogs/Actiontrail/eu-central-1/2026/11/21/Actiontrail_eu-central-1_20261121230506_1002_12_3456_[0-9a-f]{32}\.parquet\.age$`},
		{layout.Hive, "ndjson.gz", event.Event{}, `^events/account=prod/region=-/dt=__HIVE_DEFAULT_PARTITION__/hour=__HIVE_DEFAULT_PARTITION__/sec_000000000007_abcdef01\.ndjson\.gz$`},
	} {
		o.Codec = c.codec
		folder := c.layout.Folder(event.Lane{Account: "prod"}, &c.event)
		key := c.layout.Key(folder, o)
		if !regexp.MustCompile(c.want).MatchString(key) || !strings.HasPrefix(key, c.layout.Root()) {
			t.Errorf("%s: %s, want %s", c.layout, key, c.want)
		}
		if again := c.layout.Key(folder, o); again != key {
			t.Errorf("%s: %s and %s", c.layout, key, again)
		}
		for name, change := range map[string]func(*layout.Object){"seal": func(o *layout.Object) { o.Seal++ }, "events": func(o *layout.Object) { o.Logical[0]++ }} {
			other := o
			change(&other)
			if c.layout.Key(folder, other) == key {
				t.Errorf("%s: two objects with another %s have one key", c.layout, name)
			}
		}
	}
}

func FuzzKey(f *testing.F) {
	f.Add("1234567890", "cn-hangzhou", int64(0))
	f.Add("..", "/", int64(1)<<62)
	f.Add(strings.Repeat("ä", 200), "\xff", int64(-1)<<62)
	f.Fuzz(func(t *testing.T, account, region string, nanos int64) {
		for l, folders := range map[layout.Layout]int{layout.ActionTrail: 6, layout.OSS: 6, layout.CloudTrail: 7, layout.Hive: 5} {
			folder := l.Folder(event.Lane{Account: "prod"}, &event.Event{RecipientAccountID: account, Region: region, Time: event.Unix(nanos, 9)})
			key := l.Key(folder, layout.Object{Trail: "all", Seal: 1, Count: 1, Codec: "ndjson.gz"})
			if err := archive.CheckKey(key); err != nil {
				t.Error(err)
			}
			if n := strings.Count(key, "/"); n != folders {
				t.Errorf("%s has %d folders", key, n)
			}
		}
	})
}
