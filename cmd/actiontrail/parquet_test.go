package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// lakeFormats are dialects whose golden records, with all their quirks, are events of the lake.
var lakeFormats = []string{"alb", "apisix", "authlog", "caddy", "cloudtrail", "envoy", "gitlab", "grafana", "haproxy", "keycloak", "kong", "krakend", "kubernetes", "minio",
	"opensearch", "postgresql", "teleport", "traefik", "tyk", "vault"}

// lakeLines are lines of gateways and of CloudTrail as unlike one another as can be:
// absent fields, names of all alphabets, values that are longer than what is searched, several hours, accounts and regions.
func lakeLines(dice *rand.Rand, from, to int) (gateway, cloud string) {
	users := []string{"alice", "bob", "-", "", "Zoë", "李雷", "пользователь", "o'brien \\\"q\\\"", "a\\tb", "e\u0301", "\U0001F600", "user@example.com", strings.Repeat("long ", 300), "%s; DROP TABLE"}
	methods := []string{"GET", "GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"}
	paths := []string{"/v1/orders", "/v1/orders/%d", "/v1/orders/%d?page=2&token=s3cret", "/ü/日本/%d", "/v1/%%2e%%2e/%d", "/", "/v1/users/%d/keys"}
	var g, c strings.Builder
	day := time.Now().UTC().Truncate(24 * time.Hour)
	for i := from; i < to; i++ {
		at := day.Add(-time.Duration(dice.IntN(14*3600_000)) * time.Millisecond)
		path := paths[dice.IntN(len(paths))]
		if strings.Contains(path, "%d") {
			path = fmt.Sprintf(path, i)
		}
		fmt.Fprintf(&g, `{"msec":"%d.%03d","request_method":%q,"request_uri":"%s","status":%d,"remote_addr":"192.0.2.%d"`, at.Unix(), at.Nanosecond()/1e6, methods[dice.IntN(len(methods))], path, []int{200, 200, 201, 403, 404, 500}[dice.IntN(6)], dice.IntN(250))
		for name, value := range map[string]string{"remote_user": users[dice.IntN(len(users))], "http_user_agent": users[dice.IntN(len(users))], "host": "shop.example", "request_id": fmt.Sprint("r-", i)} {
			if dice.IntN(4) > 0 {
				fmt.Fprintf(&g, `,%q:"%s"`, name, value)
			}
		}
		g.WriteString("}\n")
		if i%3 > 0 {
			continue
		}
		fmt.Fprintf(&c, `{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","accountId":"%d","userName":"%s"},"eventTime":%q,"eventSource":"ec2.amazonaws.com","eventName":"%s","awsRegion":%q,"sourceIPAddress":"192.0.2.7",`+
			`"requestParameters":{"tag.1":"%s","n":%d},"requestID":"r-%[7]d","eventID":"b1d8c2a0-1111-4222-8333-%012[7]d","readOnly":%[8]t,"eventType":"AwsApiCall","recipientAccountId":"12345678901%[9]d"`,
			dice.IntN(9), users[dice.IntN(len(users))], at.Format(time.RFC3339), []string{"RunInstances", "StopInstances", "Löschen", "GetObject"}[dice.IntN(4)], []string{"eu-central-1", "us-east-1", "odd region/1"}[dice.IntN(3)],
			users[dice.IntN(len(users))], i, dice.IntN(2) == 0, dice.IntN(3))
		if dice.IntN(3) == 0 {
			c.WriteString(`,"errorCode":"AccessDenied","errorMessage":"no; \"not\" ü"`)
		}
		c.WriteString("}\n")
	}
	return g.String(), c.String()
}

// lake is a server whose one trail delivers into a folder and into a store, in Parquet.
type lake struct {
	*box
	store *realtest.S3
}

const (
	lakeQuery = `not origin.source : "system"` // what asks is an event, too: the trail leaves it out
	lakeSince = "1960-01-01T00:00:00Z"
	lakeUntil = "2099-01-01T00:00:00Z"
)

func newLake(t *testing.T) *lake {
	t.Helper()
	b := &lake{box: newBox(t, ""), store: realtest.StartS3(t)}
	b.store.MakeBucket(t, "audit", false)
	for _, e := range append(b.store.Environment(), "AWS_ENDPOINT_URL="+b.store.Endpoint) {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	const objects = "    layout = \"hive\"\n    format = \"parquet\"\n    roll { max_age = \"2s\" }\n  }\n"
	b.more = "index \"local\" { retention = \"36499d\" }\n"
	for _, f := range append([]string{"cloud"}, lakeFormats...) {
		format := f
		if f == "cloud" {
			format = "cloudtrail"
		}
		b.more += fmt.Sprintf("source \"file\" %q {\n  paths = [%q]\n  format = %q\n}\n", "of-"+f, filepath.Join(b.dir, f+".log"), format)
	}
	b.configureTrails(fmt.Sprintf("trail \"lake\" {\n  where = %q\n  deliver \"file\" {\n    path = %q\n%s  deliver \"s3\" {\n    bucket = \"audit\"\n    prefix = \"prod/lake\"\n    endpoint = %q\n    insecure = true\n%s}\n",
		lakeQuery, b.archive(), objects, b.store.Endpoint, objects))
	return b
}

func (b *lake) append(file, text string) {
	b.t.Helper()
	f, err := os.OpenFile(filepath.Join(b.dir, file), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		b.t.Fatal(err)
	}
}

// fill writes all lines, and kills the server again and again while objects are on their way.
func (b *lake) fill(lines int) {
	b.t.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	const kills = 4
	for kill := range kills {
		gateway, cloud := lakeLines(dice, kill*lines/kills, (kill+1)*lines/kills)
		b.append("access.log", gateway)
		b.append("cloud.log", cloud)
		for i, f := range lakeFormats {
			if i%kills == kill {
				for _, record := range goldenLines(b.t, f) {
					b.append(f+".log", string(record)+"\n")
				}
			}
		}
		before := b.objects()
		b.start()
		if kill < kills-1 {
			realtest.Until(b.t, realtest.Patience, "another object", func() bool { return b.objects() > before })
			b.server.Kill()
		}
	}
}

// objects are those in folder and store.
func (b *lake) objects() (n int) {
	b.t.Helper()
	for _, dir := range []string{b.archive(), filepath.Join(b.store.Dir, "audit", "prod", "lake")} {
		files, err := filepath.Glob(filepath.Join(dir, "events", "*", "*", "*", "*", "*.parquet"))
		if err != nil {
			b.t.Fatal(err)
		}
		n += len(files)
	}
	return n
}

// exported are the lines of all events of the lake, as the index has them.
func (b *lake) exported() []string {
	code, body := b.get("/api/v1/export", url.Values{"query": {lakeQuery}, "from": {lakeSince}, "to": {lakeUntil}, "format": {"ndjson"}})
	if code != http.StatusOK {
		b.t.Fatal(code, body)
	}
	return strings.Split(strings.TrimSuffix(body, "\n"), "\n")
}

// settled waits until nothing new comes, and both archives verify with all there is.
func (b *lake) settled(least int) (lines []string) {
	b.t.Helper()
	realtest.Until(b.t, realtest.Patience, "all events in index and archives", func() bool {
		if b.lakeTotal() < least {
			return false
		}
		for _, place := range []string{b.archive(), "s3://audit/prod/lake"} {
			args := []string{"verify", place, "-o", "json"}
			if strings.HasPrefix(place, "s3:") {
				args = append(args, "--endpoint", b.store.Endpoint)
			}
			out, code := b.run(args...)
			var r struct{ Events int }
			if err := json.Unmarshal([]byte(out), &r); err != nil || code != 0 {
				b.t.Fatalf("verify %s: %d, %v\n%s", place, code, err, out)
			}
			if n := b.lakeTotal(); r.Events != n {
				return false
			}
		}
		return true
	})
	return b.exported()
}

func (b *lake) lakeTotal() int {
	var page struct{ Total int }
	code, body := b.get("/api/v1/events", url.Values{"query": {lakeQuery}, "limit": {"0"}, "from": {lakeSince}, "to": {lakeUntil}})
	if code != http.StatusOK || json.Unmarshal([]byte(body), &page) != nil {
		return -1
	}
	return page.Total
}

// values are what the API counts of a field.
func (b *lake) values(field string) map[string]int {
	b.t.Helper()
	var page struct {
		Values []struct {
			Value string
			Count int
		}
	}
	code, body := b.get("/api/v1/fields/"+field+"/values", url.Values{"query": {lakeQuery}, "limit": {"1000"}, "from": {lakeSince}, "to": {lakeUntil}})
	if err := json.Unmarshal([]byte(body), &page); err != nil || code != http.StatusOK {
		b.t.Fatal(code, body)
	}
	counts := map[string]int{}
	for _, v := range page.Values {
		counts[v.Value] = v.Count
	}
	return counts
}

// hours is the API's histogram of the last days, without hours that have nothing.
func (b *lake) hours(days int) map[string]int {
	b.t.Helper()
	var h struct {
		Buckets []struct {
			Start time.Time
			Count int
		}
	}
	from := time.Now().UTC().AddDate(0, 0, -days).Truncate(24 * time.Hour)
	code, body := b.get("/api/v1/histogram", url.Values{"query": {lakeQuery}, "interval": {"1h"}, "from": {from.Format(time.RFC3339)}, "to": {time.Now().UTC().Add(time.Hour).Format(time.RFC3339)}})
	if err := json.Unmarshal([]byte(body), &h); err != nil || code != http.StatusOK || len(h.Buckets) == 0 {
		b.t.Fatal(code, body)
	}
	counts := map[string]int{}
	for _, x := range h.Buckets {
		if x.Count > 0 {
			counts[x.Start.UTC().Format("2006-01-02T15")] = x.Count
		}
	}
	return counts
}

// lakeCounts are what a reader of Parquet counts.
type lakeCounts struct {
	EventName, UserName, Partition, Hour map[string]int
	Lines                                string
}

func (f *lakeCounts) UnmarshalJSON(text []byte) error {
	var raw struct {
		EventName map[string]int `json:"event_name"`
		UserName  map[string]int `json:"user_name"`
		Partition map[string]int `json:"partition"`
		Hour      map[string]int `json:"hour"`
		Lines     string         `json:"lines"`
	}
	err := json.Unmarshal(text, &raw)
	*f = lakeCounts(raw)
	return err
}

// A server archives ten thousand events of all kinds as Parquet into a folder and a
// store, and is killed while it does. DuckDB and pyarrow count in both what the index
// counts, by name, user and hour, and find the very lines.
func TestArchiveInParquet(t *testing.T) {
	python := realtest.DuckDB(t)
	b := newLake(t)
	const lines = 9000
	b.fill(lines)
	exported := b.settled(lines + lines/3)
	want := lakeCounts{EventName: b.values("eventName"), UserName: b.values("userIdentity.userName"), Hour: map[string]int{}, Partition: map[string]int{}}
	slices.Sort(exported)
	want.Lines = fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(exported, "\n")+"\n")))
	names, users := map[string]int{}, map[string]int{}
	for _, line := range exported {
		e, err := event.ParseJSON([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		want.Hour[e.Time.Std().Format("2006-01-02T15")]++
		names[e.Name]++
		users[e.Identity.UserName]++
	}
	want.Partition = want.Hour
	t.Logf("%d events in %d objects, %d names, %d users, %d hours", len(exported), b.objects(), len(want.EventName), len(want.UserName), len(want.Hour))
	if len(exported) < 12_000 || len(want.EventName) < 60 || len(want.UserName) < 20 || len(want.Hour) < 15 {
		t.Error("these are not many kinds")
	}
	// The index's three answers agree with one another, but for what is too long to be searched.
	if diff := cmp.Diff(len(names), len(want.EventName)); diff != "" {
		t.Errorf("names of the export and of the API: %s", diff)
	}
	const days = 30
	recent := map[string]int{}
	for hour, n := range want.Hour {
		if hour >= time.Now().UTC().AddDate(0, 0, -days).Format("2006-01-02") {
			recent[hour] = n
		}
	}
	if diff := cmp.Diff(recent, b.hours(days)); diff != "" {
		t.Errorf("hours of the export and of the histogram: %s", diff)
	}
	places := []string{b.archive(), "s3://audit/prod/lake", filepath.Join(b.store.Dir, "audit", "prod", "lake")}
	c := exec.Command(python, append([]string{filepath.Join("testdata", "parquet_counts.py")}, places...)...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers map[string]map[string]lakeCounts
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	for _, place := range places {
		for _, reader := range []string{"duckdb", "pyarrow"} {
			if diff := cmp.Diff(want, answers[place][reader]); diff != "" {
				t.Errorf("%s in %s (-index +%s):\n%.4000s", reader, place, reader, diff)
			}
		}
	}
	b.guide(python, exported)
	b.elsewhere(exported)
}

// guide runs what docs/guide/parquet.md says.
func (b *lake) guide(python string, exported []string) {
	b.t.Helper()
	var paths [2]string
	for i, path := range []string{filepath.Join("testdata", "parquet_guide.py"), filepath.Join("..", "..", "docs", "guide", "parquet.md")} {
		var err error
		if paths[i], err = filepath.Abs(path); err != nil {
			b.t.Fatal(err)
		}
	}
	c := exec.Command(python, paths[:]...)
	c.Dir, c.Stderr = b.dir, os.Stderr
	out, err := c.Output()
	if err != nil {
		b.t.Fatal(err)
	}
	var rows []int
	if err := json.Unmarshal(out, &rows); err != nil || len(rows) < 7 || slices.Contains(rows, 0) {
		b.t.Errorf("rows of the queries of the guide: %s, %v", out, err)
	}
	text, err := os.ReadFile(filepath.Join(b.dir, "events.ndjson"))
	if err != nil {
		b.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	slices.Sort(lines)
	if !slices.Equal(lines, exported) {
		b.t.Errorf("the guide gives %d canonical events, the index %d, or others", len(lines), len(exported))
	}
}

// elsewhere looks at what else reads archives: bundles, proofs, and an index that is made anew.
func (b *lake) elsewhere(exported []string) {
	b.t.Helper()
	e, err := event.ParseJSON([]byte(exported[len(exported)/2]))
	if err != nil {
		b.t.Fatal(err)
	}
	must := func(args ...string) string {
		b.t.Helper()
		out, code := b.run(args...)
		if code != 0 {
			b.t.Fatalf("%s: exits with %d\n%.2000s", args, code, out)
		}
		return out
	}
	keys := writeFile(b.t, "keys", []byte(b.trail("lake").Deliver[0].SigningKey+"\n"))
	proof, bundle := filepath.Join(b.dir, "proof.json"), filepath.Join(b.dir, "evidence.zip")
	must("bundle", "--server", "http://"+b.addr, "--trail", "lake", "--delivery", "file", "--from", "now-7d", "--to", "now", "-o", bundle)
	if out := must("verify", "--bundle", bundle, "--keys", keys); !strings.Contains(out, "OK: ") {
		b.t.Errorf("verify of a bundle: %s", out)
	}
	must("proof", e.ID, "--archive", b.archive(), "--checkpoint", writeFile(b.t, "note", []byte(b.trail("lake").Deliver[0].Checkpoint)), "--out", proof)
	b.server.Kill()
	if out := must("verify", "--proof", proof, "--keys", keys); !strings.Contains(out, "OK: ") {
		b.t.Errorf("verify of a proof: %s", out)
	}
	if err := os.RemoveAll(filepath.Join(b.data, aggregatorFolder, indexFolder)); err != nil {
		b.t.Fatal(err)
	}
	must("index", "rebuild", "--config", b.config(), "--data", b.data, "--from-archive", b.archive())
	b.start()
	realtest.Until(b.t, realtest.Patience, "the index to be as before", func() bool { return b.lakeTotal() >= len(exported) })
	again := b.exported()
	slices.Sort(again)
	if !slices.Equal(again, exported) {
		b.t.Errorf("the index that was made of the archive has %d events, not the %d before, or others", len(again), len(exported))
	}
}
