package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// play runs n calls of the demo client against the gateway and returns the lines of its log.
func play(t *testing.T, n int, seed uint64) []line {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logs", "access.log")
	log, err := openAccessLog(path, 1<<30, 3)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 7, 30, 0, 5e6, time.UTC)
	g := &gateway{
		log: log, now: func() time.Time { return now }, fail: func(err error) { t.Error(err) },
		requests: rand.New(rand.NewPCG(seed, 1)), next: newCloud(rand.New(rand.NewPCG(seed, 2))).handler(),
	}
	server := httptest.NewServer(g)
	defer server.Close()
	c := newClient(server.URL, rand.New(rand.NewPCG(seed, 3)))
	for range n {
		c.step(t.Context())
	}
	server.Close() // waits for the last line
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return read(t, path)
}

func read(t *testing.T, path string) []line {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []line
	for s := bufio.NewScanner(f); s.Scan(); {
		d := json.NewDecoder(strings.NewReader(s.Text()))
		d.DisallowUnknownFields()
		var l line
		if err := d.Decode(&l); err != nil {
			t.Fatalf("%s: %v", s.Text(), err)
		}
		lines = append(lines, l)
	}
	return lines
}

func TestEverydayAndIncidents(t *testing.T) {
	lines := play(t, 3000, 7)
	count := map[string]int{}
	for _, l := range lines {
		count[fmt.Sprint("status ", l.Status)]++
		if l.URI == "/console/signin" {
			count[fmt.Sprint("sign-in ", l.Args, " ", l.Status)]++
			if l.Status == 200 && l.Consumer != l.RemoteUser {
				t.Errorf("sign-in of %s: the gateway found %q", l.RemoteUser, l.Consumer)
			}
			if l.Status >= 400 && l.Consumer != "" {
				t.Errorf("failed sign-in of %s: the gateway says it was %q", l.RemoteUser, l.Consumer)
			}
		}
		if l.Consumer == "dave-audit" && l.Method == "DELETE" {
			count[fmt.Sprint("read-only user writes ", l.Status)]++
		}
		if l.Consumer == "ci-deployer" && strings.HasPrefix(l.URI, "/v1/users") {
			count[fmt.Sprint("program among users ", l.Status)]++
		}
		if l.ForwardedFor == "203.0.113.77" {
			count["brute force"]++
		}
		if l.Consumer == "ci-deployer" && l.ForwardedFor == "198.51.100.23" {
			count["stolen key"]++
		}
		if l.Method == "DELETE" && (l.URI == "/v1/trails/all-regions" || l.URI == "/v1/buckets/audit-archive") && l.Status == 200 {
			count["traces deleted"]++
		}
	}
	for _, want := range []string{
		"status 200", "status 201", "status 401", "status 403", "status 404", "status 409", "status 500",
		"sign-in mfa=true 200", "sign-in mfa=false 200", "sign-in mfa=false 401", "sign-in mfa=false 403",
		"read-only user writes 403", "program among users 403", "brute force", "stolen key", "traces deleted",
	} {
		if count[want] == 0 {
			t.Errorf("%s: not once in %d calls: %v", want, len(lines), count)
		}
	}
	if count["read-only user writes 200"]+count["program among users 200"] > 0 {
		t.Errorf("somebody did what they may not: %v", count)
	}
	if len(lines) != 3000 {
		t.Errorf("3000 steps gave %d lines", len(lines))
	}
}

func TestSameSeedSameCalls(t *testing.T) {
	a, b := play(t, 400, 11), play(t, 400, 11)
	if len(a) != len(b) {
		t.Fatalf("%d and %d lines", len(a), len(b))
	}
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("line %d:\n%+v\n%+v", i, a[i], b[i])
		}
	}
	if other := play(t, 400, 12); len(other) == len(a) && other[0] == a[0] {
		t.Error("another seed made the same first call")
	}
}

func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	log, err := openAccessLog(path, 2000, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if err := log.write(&line{Status: i, RequestTime: "0.000"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 4 {
		t.Fatalf("files %v, %v: want the log and three rotated ones", files, err)
	}
	next := 59
	for _, f := range files { // access.log, .1, .2, .3: newest to oldest
		lines := read(t, f)
		info, err := os.Stat(f)
		if err != nil || info.Size() > 2000 || f != path && info.Size() < 1500 {
			t.Errorf("%s: %d bytes, %v", f, info.Size(), err)
		}
		for i := len(lines) - 1; i >= 0; i-- {
			if lines[i].Status != next {
				t.Fatalf("%s: line %d, want %d", f, lines[i].Status, next)
			}
			next--
		}
	}

	// Opened again, it is appended to.
	if log, err = openAccessLog(path, 1<<20, 3); err != nil {
		t.Fatal(err)
	}
	before := len(read(t, path))
	if err := log.write(&line{RequestTime: "0.000"}); err != nil {
		t.Fatal(err)
	}
	log.Close()
	if after := len(read(t, path)); after != before+1 {
		t.Errorf("%d lines, then %d", before, after)
	}
}

// TestRoutes holds the mapper of the quickstart to the operations of the cloud.
func TestRoutes(t *testing.T) {
	hcl, err := os.ReadFile("../demo.hcl")
	if err != nil {
		t.Fatal(err)
	}
	routes := strings.Split(string(hcl), "  route \"")[1:]
	declared := map[string]string{}
	for _, r := range routes {
		pattern, body, _ := strings.Cut(r, "\" {")
		declared[pattern], _, _ = strings.Cut(body, "\n  }")
	}
	for _, op := range operations() {
		body, found := declared[op.pattern]
		delete(declared, op.pattern)
		switch {
		case op.action == "":
			if !strings.Contains(string(hcl), fmt.Sprintf("ignore %q", op.pattern)) {
				t.Errorf("demo.hcl does not ignore %s", op.pattern)
			}
		case !found:
			t.Errorf("demo.hcl has no route %q", op.pattern)
		case !strings.Contains(body, fmt.Sprintf("= %q\n", op.action)) && !strings.HasSuffix(body, fmt.Sprintf("= %q", op.action)):
			t.Errorf("route %q does not name the action %s:%s", op.pattern, op.action, body)
		case op.service != "" && !strings.Contains(body, fmt.Sprintf("= %q\n", op.service)):
			t.Errorf("route %q does not name the service %s:%s", op.pattern, op.service, body)
		}
		if method, _, _ := strings.Cut(op.pattern, " "); op.read != (method == "GET") {
			t.Errorf("%s: a mapper takes GET for Read and all else for Write", op.pattern)
		}
	}
	for pattern := range declared {
		t.Errorf("route %q of demo.hcl is no operation of the cloud", pattern)
	}
}

func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--log", path, "--rate", "0"}, in) }()
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url, _, _ := strings.Cut(strings.TrimPrefix(said, "demo gateway: "), ",")
	if err := ready(t.Context(), url+"/healthz"); err != nil {
		t.Error(err)
	}
	if err := ready(t.Context(), url+"/v1/instances"); err == nil {
		t.Error("401 is taken for ready")
	}
	resp, err := http.Get(url + "/v1/instances?x=%22y%22")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	lines := read(t, path)
	if len(lines) != 3 {
		t.Fatalf("%d lines: %+v", len(lines), lines)
	}
	got := lines[2]
	if got.Status != 401 || got.Method != "GET" || got.RequestURI != "/v1/instances?x=%22y%22" || got.URI != "/v1/instances" || got.Args != "x=%22y%22" || got.RemoteAddr != "127.0.0.1" || len(got.RequestID) != 32 {
		t.Errorf("line %+v", got)
	}
	if lines[0].RequestID == lines[1].RequestID {
		t.Error("two requests have one id")
	}
}

func TestRefuses(t *testing.T) {
	for _, args := range [][]string{{"--listen", "0.0.0.0:0"}, {"--rate", "-1"}, {"--rate", "NaN"}, {"more"}, {"--nope"}} {
		err := run(t.Context(), append(args, "--log", filepath.Join(t.TempDir(), "a.log")), io.Discard)
		if len(args) == 1 {
			err = run(t.Context(), args, io.Discard)
		}
		if err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
