package s3_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/s3"
	"github.com/actiontrail/actiontrail/aggregator/archive/layout"
	"github.com/actiontrail/actiontrail/aggregator/archive/logdigest"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/aggregator/witness"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/query"
)

const (
	account = "123456789012"
	region  = "us-east-1"
	arn     = "arn:aws:cloudtrail:us-east-1:123456789012:trail/t1"
)

// firstHour is when the archives of the tamper table begin.
var firstHour = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// yard is an archive of layout cloudtrail in a bucket of its own.
type yard struct {
	t      *testing.T
	store  *realtest.S3
	name   string
	bucket *s3.Bucket
	rsa    *logdigest.Key
	signer transparency.Key
	note   []byte // the newest checkpoint, kept elsewhere
}

// newYard makes the archive: four hours, of which the third is empty, with two log files in each other.
func newYard(t *testing.T, store *realtest.S3, name string, key *logdigest.Key) *yard {
	t.Helper()
	store.MakeBucket(t, name, false)
	y := &yard{t: t, store: store, name: name, rsa: key, signer: transparency.NewKey([32]byte{1}, firstHour)}
	var err error
	y.bucket, err = s3.New(s3.Config{Bucket: name, Endpoint: store.Endpoint, Region: region, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	y.write("genuine")
	return y
}

func (y *yard) write(what string) {
	y.t.Helper()
	now := firstHour
	dir := y.t.TempDir()
	a, err := archive.Open(y.t.Context(), archive.Config{
		Trail: "t1", Bucket: y.bucket, Staging: filepath.Join(dir, "staging"), Parse: query.Parse, Now: func() time.Time { return now },
		Layout: layout.CloudTrail, Codec: archive.CloudTrailGzip, RollBytes: 1,
		Log:     &archive.LogConfig{Origin: "actiontrail/prod/t1/s3", Keys: func() ([]transparency.Key, error) { return []transparency.Key{y.signer}, nil }, File: filepath.Join(dir, "log.json")},
		Digests: &archive.DigestConfig{Bucket: y.name, Home: region, Keys: []*logdigest.Key{y.rsa}},
	})
	if err != nil {
		y.t.Fatal(err)
	}
	var prev event.Hash
	for i, after := range []time.Duration{10 * time.Minute, 40 * time.Minute, 70 * time.Minute, 100 * time.Minute, 190 * time.Minute, 220 * time.Minute, 245 * time.Minute} {
		now = firstHour.Add(after)
		b := event.Batch{Lane: event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "UKEY", Epoch: 7}, Number: uint64(i + 1), Prev: prev, Hash: sha256.Sum256(fmt.Append(nil, what, i)), Seq: uint64(i + 1)}
		id := sha256.Sum256(fmt.Append(nil, what, i))
		b.Events = []event.Event{{ID: event.FormatUUID([16]byte(id[:16])), Type: event.TypeAPICall, Name: "StopInstance", RW: event.Write, Service: "Ecs", Region: region, RecipientAccountID: account, Time: event.At(now.Add(-time.Minute), 3)}}
		prev = b.Hash
		if err := a.Write(y.t.Context(), []event.Batch{b}); err != nil {
			y.t.Fatal(err)
		}
	}
	y.note = []byte(a.Status().Checkpoint)
}

func (y *yard) path(key string) string { return filepath.Join(y.store.Dir, y.name, key) }

// keys are those below a folder.
func (y *yard) keys(folder string) (keys []string) {
	y.t.Helper()
	for o, err := range y.bucket.List(y.t.Context(), folder, "") {
		if err != nil {
			y.t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func (y *yard) digests() []string { return y.keys("AWSLogs/" + account + "/CloudTrail-Digest/") }
func (y *yard) logs() []string    { return y.keys("AWSLogs/" + account + "/CloudTrail/") }

func (y *yard) remove(keys ...string) {
	y.t.Helper()
	for _, key := range keys {
		if err := os.Remove(y.path(key)); err != nil {
			y.t.Fatal(err)
		}
	}
}

func (y *yard) read(key string) []byte {
	y.t.Helper()
	data, err := os.ReadFile(y.path(key))
	if err != nil {
		y.t.Fatal(err)
	}
	return data
}

// overwrite puts another object in the place of one.
func (y *yard) overwrite(key string, data []byte) {
	y.t.Helper()
	y.remove(key)
	y.put(key, data, nil)
}

func (y *yard) put(key string, data []byte, user map[string]string) {
	y.t.Helper()
	m := archive.Meta{Bytes: int64(len(data)), SHA256: sha256.Sum256(data), Type: "application/json", User: user}
	if err := y.bucket.Create(y.t.Context(), key, bytes.NewReader(data), m); err != nil {
		y.t.Fatal(err)
	}
}

func (y *yard) digest(key string) *logdigest.Made {
	y.t.Helper()
	info, err := y.bucket.Head(y.t.Context(), key)
	if err != nil {
		y.t.Fatal(err)
	}
	m, err := logdigest.Read(y.read(key), info.User, []logdigest.PublicKey{y.rsa.Public()})
	if err != nil {
		y.t.Fatal(err)
	}
	return m
}

// resign puts another digest in the place of the n-th, as one with the key does: without the first without log files.
func (y *yard) resign(n int, without int, prev *logdigest.Made) {
	y.t.Helper()
	key := y.digests()[n]
	old := y.digest(key)
	start, err := time.Parse(time.RFC3339, old.Start)
	if err != nil {
		y.t.Fatal(err)
	}
	var logs []logdigest.Log
	for _, l := range old.Logs[without:] {
		read, err := logdigest.ReadLog(l.Object, bytes.NewReader(y.read(l.Object)))
		if err != nil {
			y.t.Fatal(err)
		}
		logs = append(logs, read)
	}
	chain := logdigest.Chain{Account: account, Region: region, Trail: "t1", Home: region, Bucket: y.name}
	m, err := chain.Make(y.rsa, start, logs, prev)
	if err != nil {
		y.t.Fatal(err)
	}
	stored, err := m.Stored()
	if err != nil {
		y.t.Fatal(err)
	}
	y.remove(key)
	y.put(key, stored, m.Meta())
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cloudTrail answers the two calls that validate-logs makes of CloudTrail itself.
func cloudTrail(t *testing.T, bucket string, key *logdigest.Key) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := r.Header.Get("X-Amz-Target")
		var out any
		switch target[strings.LastIndexByte(target, '.')+1:] {
		case "ListPublicKeys":
			out = map[string]any{"PublicKeyList": []any{map[string]any{"Value": key.Public().Text(), "ValidityStartTime": firstHour.Add(-time.Hour).Unix(), "ValidityEndTime": firstHour.Add(24 * time.Hour).Unix(), "Fingerprint": key.Fingerprint()}}}
		case "DescribeTrails":
			out = map[string]any{"trailList": []any{map[string]any{"Name": "t1", "S3BucketName": bucket, "IncludeGlobalServiceEvents": true, "IsMultiRegionTrail": false, "HomeRegion": region, "TrailARN": arn, "LogFileValidationEnabled": true, "HasCustomEventSelectors": false, "IsOrganizationTrail": false}}}
		default:
			w.WriteHeader(http.StatusBadRequest)
			out = map[string]any{"__type": "UnsupportedOperationException", "message": target}
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if err := json.NewEncoder(w).Encode(out); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// stockVerdict is what the stock verifier says: its exit code, and its own words in short.
func (y *yard) stockVerdict(aws string) (code int, text string) {
	y.t.Helper()
	cmd := exec.CommandContext(y.t.Context(), aws, "cloudtrail", "validate-logs", "--trail-arn", arn, "--region", region,
		"--start-time", firstHour.Format(time.RFC3339), "--end-time", firstHour.Add(270*time.Minute).Format(time.RFC3339))
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "HOME="+y.store.Home, "AWS_ACCESS_KEY_ID="+y.store.Key, "AWS_SECRET_ACCESS_KEY="+y.store.Secret, "AWS_ENDPOINT_URL_S3="+y.store.Endpoint, "AWS_ENDPOINT_URL_CLOUDTRAIL="+cloudTrail(y.t, y.name, y.rsa), "AWS_EC2_METADATA_DISABLED=true", "AWS_CONFIG_FILE=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		y.t.Fatal(err)
	}
	var said []string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		if strings.Contains(line, "valid") || strings.Contains(line, "INVALID") || strings.Contains(line, "No digest") || strings.Contains(line, "rror") {
			if i := strings.Index(line, "INVALID:"); i >= 0 {
				line = line[i:]
			}
			if !strings.HasPrefix(line, "Validating") && !slices.Contains(said, line) {
				said = append(said, line)
			}
		}
	}
	if len(said) == 0 {
		said = append(said, string(out))
	}
	return cmd.ProcessState.ExitCode(), strings.Join(said, "; ")
}

// ourVerdict is what verify finds with the published key and the last checkpoint.
func (y *yard) ourVerdict() archive.Report {
	y.t.Helper()
	vkey, err := y.signer.VKey("actiontrail/prod/t1/s3")
	if err != nil {
		y.t.Fatal(err)
	}
	r, err := archive.Verify(y.t.Context(), y.bucket, archive.VerifyOptions{Temp: y.t.TempDir(), Keys: []string{vkey}, Checkpoints: []archive.GivenCheckpoint{{Name: "kept elsewhere", Note: y.note}}})
	if err != nil {
		y.t.Fatal(err)
	}
	return r
}

// places are where checkpoints are kept without anybody giving them to verify: NATS, and a folder.
func (y *yard) places() map[string]witness.Place {
	y.t.Helper()
	server, err := embedded.Start(embedded.Config{Dir: y.t.TempDir(), MaxBytes: 64 << 20})
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(server.Close)
	conn, err := bus.Connect(bus.Config{Name: "test", Server: server})
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(conn.Close)
	folder, err := file.New(y.t.TempDir())
	if err != nil {
		y.t.Fatal(err)
	}
	all := map[string]witness.Place{"witness nats": &witness.NATS{Store: conn, None: bus.ErrNone}, "witness file": &witness.Bucket{Bucket: folder}}
	c, err := transparency.ReadCheckpoint(y.note)
	if err != nil {
		y.t.Fatal(err)
	}
	for name, p := range all {
		if _, err := p.Keep(y.t.Context(), witness.Step{Note: y.note, Checkpoint: c}); err != nil {
			y.t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

// foundBy tells which of the places show that the archive was changed, each by itself and without any key.
func (y *yard) foundBy(places map[string]witness.Place) (names []string) {
	y.t.Helper()
	for name, p := range places {
		note, err := p.Newest(y.t.Context(), "actiontrail/prod/t1/s3")
		if err != nil {
			y.t.Fatal(err)
		}
		r, err := archive.Verify(y.t.Context(), y.bucket, archive.VerifyOptions{Temp: y.t.TempDir(), Checkpoints: []archive.GivenCheckpoint{{Name: name, Note: note}}})
		if err != nil {
			y.t.Fatal(err)
		}
		if slices.ContainsFunc(r.Problems, func(p archive.Problem) bool { return p.Key == name }) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestTamperTable changes an archive in all ways of the table, and prints what the
// stock AWS verifier says and what ours does. Ours must find all of them; what
// AWS's finds is what is known of it.
func TestTamperTable(t *testing.T) {
	aws := realtest.AWS(t)
	store := realtest.StartS3(t)
	for _, e := range store.Environment() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	key, err := logdigest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	all := func(y *yard) []string { return slices.Concat(y.digests(), y.logs()) }
	cases := []struct {
		name  string
		stock int // exit code of the stock verifier
		do    func(*yard)
		want  string // in what ours says
		alone bool   // found by each place where checkpoints are kept, with nothing given
	}{
		{"nothing", 0, func(*yard) {}, "", false},
		{"one log edited", 1, func(y *yard) { y.overwrite(y.logs()[0], zipped(y.t, `{"Records":[]}`)) }, "its bytes are not those that seal", false},
		{"one log deleted", 1, func(y *yard) { y.remove(y.logs()[0]) }, "it is missing; seal", false},
		{"two logs swapped", 1, func(y *yard) {
			l := y.logs()
			first, second := y.read(l[0]), y.read(l[1])
			y.overwrite(l[0], second)
			y.overwrite(l[1], first)
		}, "its bytes are not those that seal", false},
		{"a middle digest deleted", 1, func(y *yard) { y.remove(y.digests()[1]) }, "it is missing: each hour has a digest", false},
		{"the oldest digest deleted", 1, func(y *yard) { y.remove(y.digests()[0]) }, "it is missing: each hour has a digest", false},
		{"newest digest and its logs deleted (truncation)", 0, func(y *yard) {
			l := y.logs()
			y.remove(l[len(l)-3:]...)
			y.remove(y.digests()[3])
		}, "it is missing; seal", false},
		{"the same, with the seals and checkpoints", 0, func(y *yard) {
			l := y.logs()
			y.remove(l[len(l)-3:]...)
			y.remove(y.digests()[3])
			for _, key := range y.keys("seals/")[5:] {
				y.remove(key)
			}
			for _, key := range y.keys(transparency.CheckpointFolder) {
				if n, _ := transparency.ParseCheckpointKey(key); n > 5 {
					y.remove(key)
				}
			}
			for _, key := range y.keys("tlog/tile/") {
				if n, _ := transparency.ParseTileKey(key); n.Width > 5 {
					y.remove(key)
				}
			}
		}, "it was signed over 8 seals, and the archive has 5: seals 5 to 7 were cut off", true},
		{"all digests and log files deleted", 0, func(y *yard) { y.remove(all(y)...) }, "it is missing", false},
		{"everything deleted", 0, func(y *yard) { y.remove(y.keys("")...) }, "the archive has none: everything was deleted", true},
		{"a log added that no digest lists (injection)", 0, func(y *yard) {
			y.put(strings.Replace(y.logs()[0], "Z_", "Z_X", 1), zipped(y.t, `{"Records":[]}`), nil)
		}, "no seal names this object", false},
		{"with the signing keys: whole archive rewritten", 0, func(y *yard) {
			y.remove(y.keys("")...)
			note := y.note
			y.write("forged")
			y.note = note
		}, "not those that it was signed over", true},
		{"with the signing key: a middle digest replaced, a log dropped", 0, func(y *yard) {
			d := y.digests()
			dropped := y.digest(d[1]).Logs[0].Object
			y.resign(1, 1, y.digest(d[0]))
			y.remove(dropped)
		}, "it is missing; seal", false},
		{"with the signing key: an hour removed, the next one re-signed", 0, func(y *yard) {
			d := y.digests()
			for _, l := range y.digest(d[1]).Logs {
				y.remove(l.Object)
			}
			y.resign(2, 0, nil)
			y.remove(d[1])
		}, "it is missing: each hour has a digest", false},
	}
	var table strings.Builder
	for i, c := range cases {
		y := newYard(t, store, fmt.Sprintf("table-%d", i), key)
		if d, l := y.digests(), y.logs(); len(d) != 4 || len(l) != 7 {
			t.Fatalf("the archive has digests %q and logs %q", d, l)
		}
		places := y.places()
		c.do(y)
		code, said := y.stockVerdict(aws)
		r := y.ourVerdict()
		ours := "OK"
		for _, p := range r.Problems {
			if ours == "OK" || strings.Contains(p.Text, c.want) {
				ours = p.Key + ": " + p.Text
			}
			if strings.Contains(p.Text, c.want) {
				break
			}
		}
		by := y.foundBy(places)
		fmt.Fprintf(&table, "%s\n  AWS (exit %d): %s\n  ours (%d problems): %s\n  found by what is kept elsewhere: %q\n", c.name, code, said, len(r.Problems), ours, by)
		if c.alone && len(by) != len(places) || !c.alone && len(by) > 0 {
			t.Errorf("%s: found by %q alone", c.name, by)
		}
		if code != c.stock {
			t.Errorf("%s: the stock verifier exits with %d, not %d: %s", c.name, code, c.stock, said)
		}
		if (c.want == "") != r.OK() || !strings.Contains(ours, c.want) {
			t.Errorf("%s: verify says %q, want %q; %+v", c.name, ours, c.want, r.Problems)
		}
		if c.want == "" && (r.Digests == nil || r.Digests.Digests != 4 || r.Digests.Logs != 6) {
			t.Errorf("%s: digests %+v", c.name, r.Digests)
		}
	}
	t.Logf("\n%s", table.String())
}
