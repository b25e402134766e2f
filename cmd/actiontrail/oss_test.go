package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/osstest"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// newOSSBox is a server whose trail is in a double of OSS behind a faulty proxy.
func newOSSBox(t *testing.T, lines string) (*box, *osstest.Store, *realtest.Faulty) {
	t.Helper()
	b, store := newBox(t, ""), osstest.Start(t)
	proxy := realtest.StartFaulty(t, store.URL)
	for _, e := range append(store.Environment(), "OSS_REGION="+store.Region) {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	b.deliver = fmt.Sprintf("deliver \"oss\" {\n    bucket = \"audit\"\n    prefix = \"prod/all\"\n    region = %q\n    endpoint = %q\n%s", store.Region, proxy.URL, lines)
	b.configure("")
	return b, store, proxy
}

// keys are those of the objects that begin like this.
func keys(s *osstest.Store, prefix string) (all []string) {
	s.Do(func() {
		for key := range s.Bucket("audit").Objects {
			if strings.HasPrefix(key, prefix) {
				all = append(all, key)
			}
		}
	})
	return all
}

// A trail in OSS: the server is killed, the store does not answer, and the network
// between them fails in all ways. Every line is in the archive, once; nothing is
// written over, and every command reads it.
func TestTrailInOSS(t *testing.T) {
	b, store, proxy := newOSSBox(t, "    storage_class = \"IA\"\n    lock { days = 30 }\n")
	store.Do(func() { store.Bucket("audit").WormState, store.Bucket("audit").WormDays = "Locked", 30 })
	const place = "oss://audit/prod/all"
	verify := func(args ...string) (string, int) {
		return b.run(append([]string{"verify", place, "--endpoint", store.URL}, args...)...)
	}
	proxy.Choose(realtest.Randomly(3, 5))
	random := rand.New(rand.NewPCG(3, 1))
	for i := range 4 {
		b.write(400)
		b.start()
		if i == 1 {
			store.Down(true)
			b.write(400)
			b.indexed()
			store.Down(false)
		} else {
			seals := len(keys(store, "prod/all/seals/"))
			realtest.Until(t, realtest.Patience, "another seal", func() bool { return len(keys(store, "prod/all/seals/")) > seals })
		}
		if n := random.IntN(3); n > 0 { // else at once
			events := b.total("")
			b.write(n)
			realtest.Until(t, realtest.Patience, "another event", func() bool { return b.total("") > events })
		}
		b.server.Kill()
	}
	b.start()
	b.indexed()
	want := b.total("") // to ask is an event, too: there are more by then
	s := &s3Box{box: b}
	realtest.Until(t, realtest.Patience, fmt.Sprintf("%d events in the archive", want), func() bool {
		return s.report(verify("-o", "json")).Events >= uint64(want)
	})
	if n := len(proxy.Did()); n < 5 {
		t.Errorf("only %d kinds of faults were met: %v", n, proxy.Did())
	}
	t.Logf("%d lines, %d seals, faults %v", b.written, len(keys(store, "prod/all/seals/")), proxy.Did())
	var first struct {
		Events []struct {
			ID string `json:"eventId"`
		}
	}
	if _, text := b.get("/api/v1/events", url.Values{"query": {"eventName: *"}, "sort": {"asc"}, "limit": {"1"}}); json.Unmarshal([]byte(text), &first) != nil || len(first.Events) != 1 {
		t.Fatalf("the first event: %s", text)
	}
	if out, code := b.run("bundle", "--server", "http://"+b.addr, "--from", "2020-01-01", "--to", "2100-01-01", "-o", filepath.Join(t.TempDir(), "all.zip")); code != 0 {
		t.Errorf("bundle: %d\n%s", code, out)
	}
	b.server.Kill()
	objects := keys(store, "prod/all/AliyunLogs/Actiontrail/")
	store.Do(func() {
		for key, o := range store.Bucket("audit").Objects {
			want := "Standard"
			if strings.Contains(key, "AliyunLogs/") {
				want = "IA"
			}
			if o.Class != want || len(o.Old) > 0 {
				t.Errorf("%s is in class %s, with %d older versions", key, o.Class, len(o.Old))
			}
		}
	})

	// The archive can be read by all that read one.
	// It is found; checkpoints are stored by the hour, and there is none yet.
	if out, code := b.run("proof", first.Events[0].ID, "--archive", place, "--endpoint", store.URL); code != 1 || !strings.Contains(out, "the event is in seal 1") {
		t.Errorf("proof: %d\n%s", code, out)
	}
	if out, code := b.run("archive", "restore", place, "--from", "2020-01-01", "--endpoint", store.URL, "--status"); code != 0 {
		t.Errorf("archive restore: %d\n%s", code, out)
	}
	if out, code := b.run("archive", "restore", "--config", b.config(), "--trail", "all", "--from", "2020-01-01", "--status"); code != 0 {
		t.Errorf("archive restore of the trail: %d\n%s", code, out)
	}
	if err := os.RemoveAll(b.index()); err != nil {
		t.Fatal(err)
	}
	if out, code := b.run("index", "rebuild", "--config", b.config(), "--data", b.data, "--from-archive", place, "--endpoint", store.URL); code != 0 {
		t.Errorf("index rebuild: %d\n%s", code, out)
	}
	store.Do(func() { store.Bucket("audit").Objects[objects[0]].Body[20]++ })
	if out, code := verify(); code != 1 || !strings.Contains(out, "FAILED") {
		t.Errorf("a damaged object: %d\n%s", code, out)
	}
	if out, code := b.run("verify", "oss://nothing/x", "--endpoint", store.URL); code != 2 || !strings.Contains(out, "make the bucket nothing") {
		t.Errorf("a bucket that is not there: %d\n%s", code, out)
	}
	t.Setenv("OSS_REGION", "")
	if out, code := verify(); code != 2 || !strings.Contains(out, "--region") {
		t.Errorf("without a region: %d\n%s", code, out)
	}
}

// A bucket with versions would let sealed objects be written over: the trail says so,
// and waits; the index goes on.
func TestTrailInOSSWithVersions(t *testing.T) {
	b, store, _ := newOSSBox(t, "")
	store.Do(func() { store.Bucket("audit").Versioning = "Suspended" })
	b.write(100)
	b.start()
	b.indexed()
	realtest.Until(t, realtest.Patience, "the trail to say why it waits", func() bool {
		return strings.Contains(fmt.Sprint(b.trail("all")), "versioning is suspended in bucket audit")
	})
	if all := keys(store, ""); len(all) > 0 {
		t.Errorf("objects %q", all)
	}
}

// What lies in OSS is imported, each record once, through faults of the network.
func TestImportFromOSS(t *testing.T) {
	b, store, proxy := newOSSBox(t, "")
	dir := t.TempDir()
	const objects, each = 12, 20
	for _, file := range cloudArchive(t, dir, 0, objects, each) {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		key, err := filepath.Rel(dir, file)
		if err != nil {
			t.Fatal(err)
		}
		store.Do(func() {
			store.Bucket("audit").Objects[key] = &osstest.Object{Body: body, Class: "Standard", Modified: time.Now()}
		})
	}
	b.deliver = ""
	b.more = fmt.Sprintf("source \"bucket\" \"cloud\" {\n  bucket = \"audit\"\n  store = \"oss\"\n  prefix = \"AWSLogs/\"\n  region = %q\n  endpoint = %q\n  format = \"cloudtrail\"\n  poll = \"1s\"\n}\n", store.Region, proxy.URL)
	b.configure("")
	proxy.Choose(realtest.Randomly(11, 3))
	b.start()
	realtest.Until(t, realtest.Patience, "all records", func() bool {
		return b.total(`origin.source : "cloud" and eventSource : "ec2.amazonaws.com"`) >= objects*each
	})
	if n := b.total(`origin.source : "cloud" and eventSource : "ec2.amazonaws.com"`); n != objects*each {
		t.Errorf("%d records of %d", n, objects*each)
	}
}
