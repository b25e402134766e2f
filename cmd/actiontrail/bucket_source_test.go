package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/internal/realtest"
)

// cloudArchive writes an archive as CloudTrail delivers it: a folder a day, of gzipped {"Records":[…]}.
func cloudArchive(t *testing.T, dir string, first, objects, each int) (files []string) {
	t.Helper()
	names, users, failures := []string{"RunInstances", "StopInstances", "DeleteBucket", "GetObject"}, []string{"mary", "joe", "ci"}, []string{"", "", "AccessDenied", "Throttling"}
	n := first
	for o := range objects {
		var text bytes.Buffer
		z := gzip.NewWriter(&text)
		fmt.Fprint(z, `{"Records":[`)
		for i := range each {
			if i > 0 {
				fmt.Fprint(z, ",")
			}
			failure := ""
			if f := failures[n/5%4]; f != "" {
				failure = fmt.Sprintf(`"errorCode":%q,"errorMessage":"no","`, f)
				failure = strings.TrimSuffix(failure, `"`)
			}
			fmt.Fprintf(z, `{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","accountId":"123456789012","userName":%q},"eventTime":"2026-11-%02dT01:26:%02dZ","eventSource":"ec2.amazonaws.com","eventName":%q,`+
				`"awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7","userAgent":"test",%s"requestID":"r-%d","eventID":"b1d8c2a0-1111-4222-8333-%012d","readOnly":false,"eventType":"AwsApiCall","recipientAccountId":"123456789012"}`,
				users[n/2%3], 1+o/10, n%60, names[n%4], failure, n, n)
			n++
		}
		fmt.Fprint(z, "]}\n")
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, fmt.Sprintf("AWSLogs/123456789012/CloudTrail/us-east-1/2026/11/%02d/123456789012_CloudTrail_us-east-1_202611%02dT%02d00Z_abc.json.gz", 1+o/10, 1+o/10, o%10))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// jqCounts is how often each value is there, as zcat and jq say.
func jqCounts(t *testing.T, files []string, expression string) map[string]int {
	t.Helper()
	c := exec.Command("sh", "-c", `zcat "$@" | jq -r '.Records[] | `+expression+` // empty'`, "sh")
	c.Args = append(c.Args, files...)
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for line := range strings.Lines(string(out)) {
		counts[strings.TrimSpace(line)]++
	}
	return counts
}

// counts is how often each value is there among the events that a query finds.
func (b *box) counts(query, field string) map[string]int {
	b.t.Helper()
	code, body := b.get("/api/v1/fields/"+field+"/values", url.Values{"query": {query}, "limit": {"100"}, "from": {"2026-10-01T00:00:00Z"}})
	var page struct {
		Values []struct {
			Value string
			Count int
		}
	}
	if code != http.StatusOK {
		b.t.Fatal(code, body)
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		b.t.Fatal(err)
	}
	counts := map[string]int{}
	for _, v := range page.Values {
		counts[v.Value] = v.Count
	}
	return counts
}

// An archive of 3,000 records is imported from a bucket; the importer is killed again and again, and at last
// imports all of it once more. Each record is there once: as many of each name, user and error as jq counts.
func TestImportFromBucket(t *testing.T) {
	_, err := exec.LookPath("jq")
	realtest.Part(t, "jq", err)
	b := newBox(t, "")
	store := realtest.StartS3(t)
	proxy := realtest.StartFaulty(t, store.Endpoint)
	store.MakeBucket(t, "cloud", false)
	for _, e := range store.Environment() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	const objects, each = 60, 50
	files := cloudArchive(t, filepath.Join(store.Dir, "cloud"), 0, objects, each)
	b.more = fmt.Sprintf("source \"bucket\" \"cloud\" {\n  bucket = \"cloud\"\n  endpoint = %q\n  insecure = true\n  format = \"cloudtrail\"\n  poll = \"1s\"\n}\n", proxy.URL)
	b.configure("")
	const imported = `origin.source : "cloud" and eventSource : "ec2.amazonaws.com"` // and nothing of what the agent tells of itself
	total := func() int {
		n := 0
		for _, c := range b.counts(imported, "eventName") {
			n += c
		}
		return n
	}
	// Only so many objects come before the network is gone, and then the importer.
	var mu sync.Mutex
	left := 0
	proxy.Choose(func(r *http.Request) realtest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if !strings.HasSuffix(r.URL.Path, ".json.gz") {
			return realtest.Fine
		}
		if left--; left < 0 {
			return realtest.Cut
		}
		return realtest.Fine
	})
	const kills = 4
	for kill := range kills {
		mu.Lock()
		left = objects / (kills + 1)
		mu.Unlock()
		b.start()
		realtest.Until(t, realtest.Patience, "a part of the archive", func() bool { return total() > kill*objects/(kills+1)*each })
		b.server.Kill()
	}
	proxy.Choose(nil)
	b.start()
	realtest.Until(t, realtest.Patience, "the rest", func() bool { return total() >= objects*each })
	b.server.Kill()
	b.start() // there is nothing left to import
	// An object that is new shows that all the others were looked at again.
	more := cloudArchive(t, t.TempDir(), objects*each, 1, 1)
	text, err := os.ReadFile(more[0])
	if err != nil {
		t.Fatal(err)
	}
	last := strings.Replace(files[0], "/11/01/", "/11/28/", 1) // days that are over, and were read, are closed
	if err := os.MkdirAll(filepath.Dir(last), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(last, text, 0o644); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "the new object", func() bool { return total() > objects*each })
	files = append(files, last)
	for field, expression := range map[string]string{"eventName": ".eventName", "userIdentity.userName": ".userIdentity.userName", "errorCode": ".errorCode"} {
		if diff := cmp.Diff(jqCounts(t, files, expression), b.counts(imported, field)); diff != "" {
			t.Errorf("%s, as jq counts and as the index does: %s", field, diff)
		}
	}
	// The index knows an id once, whatever comes; the archive has what came.
	archived := func() []string {
		out, err := exec.Command("sh", "-c", `find "$1" -name '*.gz' -exec zcat {} + | grep -o '"eventId":"b1d8c2a0-[^"]*"' | sort`, "sh", b.archive()).Output()
		if err != nil {
			return nil // an object is being written
		}
		return strings.Fields(string(out))
	}
	realtest.Until(t, realtest.Patience, "the archive", func() bool { return len(archived()) > objects*each })
	if ids := archived(); len(ids) != objects*each+1 || len(slices.Compact(ids)) != len(ids) {
		t.Errorf("%d events are archived, %d of them once", len(ids), len(slices.Compact(ids)))
	}
}
