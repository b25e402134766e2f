package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/aggregator/archive/bucket/file"
	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/bus"
	"github.com/actiontrail/actiontrail/internal/bus/embedded"
	"github.com/actiontrail/actiontrail/query"
)

const origin = "actiontrail/prod/all/file"

// site is an archive that grows by hand. Its events are called salt.
type site struct {
	*archive.Archive
	t    *testing.T
	dir  string
	salt string
	n    int
	prev event.Hash

	clock sync.Mutex
	now   time.Time // guarded by clock: the archive's status asks for it, too
}

func (s *site) time() time.Time {
	s.clock.Lock()
	defer s.clock.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.clock.Lock()
	defer s.clock.Unlock()
	s.now = s.now.Add(d)
}

func newSite(t *testing.T, salt string, seals int) *site {
	t.Helper()
	root := t.TempDir()
	s := &site{t: t, dir: filepath.Join(root, "archive"), salt: salt, now: time.Date(2026, 11, 21, 7, 0, 0, 0, time.UTC)}
	b, err := file.New(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	keys := func() ([]transparency.Key, error) {
		return []transparency.Key{transparency.NewKey([32]byte{1}, s.time())}, nil
	}
	s.Archive, err = archive.Open(t.Context(), archive.Config{Trail: "all", Bucket: b, Staging: filepath.Join(root, "staging"), Parse: query.Parse, RollBytes: 1,
		Log: &archive.LogConfig{Origin: origin, Keys: keys, File: filepath.Join(root, "log", "all.json")}, Now: s.time})
	if err != nil {
		t.Fatal(err)
	}
	s.grow(seals)
	return s
}

// grow adds seals, each twenty minutes after the one before.
func (s *site) grow(seals int) {
	s.t.Helper()
	for range seals {
		s.n++
		s.pass(20 * time.Minute)
		x := event.Batch{Lane: event.Lane{Account: "prod", Agent: "gw-1", Source: "edge", Key: "UKEY", Epoch: 7}, Number: uint64(s.n), Prev: s.prev, Hash: event.Hash{byte(s.n)}, Seq: uint64(s.n),
			Events: []event.Event{{ID: event.FormatUUID([16]byte{15: byte(s.n)}), Type: event.TypeAPICall, Name: s.salt, RW: event.Write, Service: "Ecs", Time: event.At(s.time(), 3)}}}
		s.prev = x.Hash
		if err := s.Write(s.t.Context(), []event.Batch{x}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// kinds are the places by their names, each made anew on what it has kept.
func kinds(t *testing.T) map[string]func() Place {
	t.Helper()
	server, err := embedded.Start(embedded.Config{Dir: t.TempDir(), MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	conn, err := bus.Connect(bus.Config{Name: "test", Server: server})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	folder := t.TempDir()
	w := newCosigner(t)
	memory := t.TempDir()
	return map[string]func() Place{
		"nats": func() Place { return &NATS{Store: conn, None: bus.ErrNone} },
		"file": func() Place {
			b, err := file.New(filepath.Join(folder, Folder(origin)))
			if err != nil {
				t.Fatal(err)
			}
			return &Bucket{Bucket: b}
		},
		"https":  func() Place { return w.place(filepath.Join(memory, "cosigned")) },
		"posted": func() Place { p := w.place(filepath.Join(memory, "posted")); p.Key = ""; p.URL += "/plain"; return p },
	}
}

func carrier(a Archive, p Place) (*Witness, *[]string) {
	var told []string
	return &Witness{Trail: "all", Delivery: "file", Name: "w", Archive: a, Open: func(context.Context) (Place, error) { return p, nil }, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Conflicted: func(_ context.Context, c *Conflict) error { told = append(told, c.Text); return nil }}, &told
}

func sizeOf(t *testing.T, p Place) int64 {
	t.Helper()
	note, err := p.Newest(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	if note == nil {
		return 0
	}
	c, err := transparency.ReadCheckpoint(note)
	if err != nil {
		t.Fatal(err)
	}
	return c.Size
}

// A place follows the archive, catches up after a restart, and neither takes a
// smaller tree nor one that forks, and says so once.
func TestPlaces(t *testing.T) {
	for name, open := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "StopInstance", 2)
			w, _ := carrier(s, open())
			for range 2 {
				if err := w.step(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := sizeOf(t, open()); got != int64(s.n)+1 || w.Status().Size != got {
					t.Errorf("after %d seals it has %d, and the status says %+v", s.n+1, got, w.Status())
				}
				s.grow(3)
			}
			w, told := carrier(s, open()) // restarted, three seals behind
			if err := w.step(t.Context()); err != nil || sizeOf(t, open()) != int64(s.n)+1 || len(*told) != 0 {
				t.Fatalf("after the restart: %v, it has %d of %d, told %q", err, sizeOf(t, open()), s.n+1, *told)
			}
			had := sizeOf(t, open())
			for what, other := range map[string]*site{"the end was cut off": newSite(t, "StopInstance", 3), "seals were written anew": newSite(t, "Forged", s.n+4)} {
				w, told = carrier(other, open())
				for range 2 {
					var conflict *Conflict
					if err := w.step(t.Context()); !errors.As(err, &conflict) || !strings.Contains(err.Error(), what) {
						t.Errorf("another archive: %v, want %q", err, what)
					}
				}
				if len(*told) != 1 || sizeOf(t, open()) != had {
					t.Errorf("%s: told %q; it has %d, had %d", what, *told, sizeOf(t, open()), had)
				}
			}
		})
	}
}

// cosigner is a witness as tlog-witness has it, for one log.
type cosigner struct {
	t      *testing.T
	server *httptest.Server
	key    ed25519.PrivateKey
	forger ed25519.PrivateKey // signs in its place, under its name; nil: nobody does
	vkey   string
	has    *transparency.Checkpoint
	asked  []string // first lines of the requests
}

const cosignerName = "witness.example.com/w1"

func newCosigner(t *testing.T) *cosigner {
	c := &cosigner{t: t, key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))}
	public := append([]byte{4}, c.key.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256(append([]byte(cosignerName+"\n"), public...))
	c.vkey = fmt.Sprintf("%s+%x+%s", cosignerName, sum[:4], base64.StdEncoding.EncodeToString(public))
	c.server = httptest.NewServer(http.HandlerFunc(c.serve))
	t.Cleanup(c.server.Close)
	return c
}

func (c *cosigner) place(file string) *HTTPS {
	return &HTTPS{URL: c.server.URL, Key: c.vkey, Token: func() (string, error) { return "t", nil }, Sign: func([]byte) (string, string, error) { return "", "", nil }, File: file, Client: NewClient()}
}

func (c *cosigner) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Authorization") != "Bearer t" {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/plain") {
		return
	}
	head, signed, _ := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	c.asked = append(c.asked, lines[0])
	var old int64
	if _, err := fmt.Sscanf(lines[0], "old %d", &old); err != nil || r.URL.Path != "/add-checkpoint" {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	next, err := transparency.ReadCheckpoint([]byte(signed))
	if err != nil || old > next.Size {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	had := transparency.Checkpoint{}
	if c.has != nil {
		had = *c.has
	}
	if had.Size != old || old == next.Size && had.Root != next.Root {
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", had.Size)
		return
	}
	var proof []transparency.Hash
	for _, l := range lines[1:] {
		h, err := base64.StdEncoding.DecodeString(l)
		if err != nil || len(h) != 32 {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		proof = append(proof, transparency.Hash(h))
	}
	if !transparency.CheckGrowth(proof, had, next) {
		http.Error(w, "no", http.StatusUnprocessableEntity)
		return
	}
	c.has = &next
	text, _, _ := strings.Cut(signed, "\n\n")
	at := uint64(1_794_000_000)
	sig := binary.BigEndian.AppendUint64(nil, at)
	signer := c.key
	if c.forger != nil {
		signer = c.forger
	}
	sig = append(sig, ed25519.Sign(signer, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", at, text))...)
	sum := sha256.Sum256(append([]byte(cosignerName+"\n\x04"), c.key.Public().(ed25519.PublicKey)...))
	fmt.Fprintf(w, "— other.example.com AAAAAAAA\n— %s %s\n", cosignerName, base64.StdEncoding.EncodeToString(append(sum[:4:4], sig...)))
}

// A witness that has no memory here is asked what it has, and what it says is
// believed only with its own signature.
func TestCosigned(t *testing.T) {
	s, c := newSite(t, "StopInstance", 4), newCosigner(t)
	dir := t.TempDir()
	first := c.place(filepath.Join(dir, "a"))
	w, _ := carrier(s, first)
	if err := w.step(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.grow(3)
	second := c.place(filepath.Join(dir, "b")) // the memory was lost
	w, _ = carrier(s, second)
	if err := w.step(t.Context()); err != nil || strings.Join(c.asked, ",") != "old 0,old 0,old 5" {
		t.Fatalf("%v, asked %q", err, c.asked)
	}
	note, err := second.Newest(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := transparency.Cosigned(note, c.vkey); err != nil || at.Unix() != 1_794_000_000 || strings.Contains(string(note), "other") || !strings.HasPrefix(string(note), s.Status().Checkpoint) {
		t.Errorf("kept %q: %v, %v", note, at, err)
	}
	// The memory was lost, and the archive is an older one, or another one.
	for what, other := range map[string]*site{"it cosigned a checkpoint over 8 seals, and the archive has 3": newSite(t, "StopInstance", 2), "that are not those of the archive": newSite(t, "Forged", 9), "another checkpoint over 8": newSite(t, "Forged", 7)} {
		w, told := carrier(other, c.place(filepath.Join(dir, "none")))
		if err := w.step(t.Context()); err == nil || !strings.Contains(err.Error(), what) || len(*told) != 1 {
			t.Errorf("%v, told %q, want %q", err, *told, what)
		}
	}
	// Another server has gone on: its seals are in the bucket.
	w, told := carrier(ahead{s, 3}, c.place(filepath.Join(dir, "none")))
	if err := w.step(t.Context()); err != nil || len(*told) != 0 {
		t.Errorf("behind another server: %v, told %q", err, *told)
	}
	forged := c.place(filepath.Join(dir, "d"))
	c.forger = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
	c.has = nil
	w, _ = carrier(s, forged)
	if err := w.step(t.Context()); err == nil || !strings.Contains(err.Error(), "no cosignature") {
		t.Errorf("cosigned by somebody else: %v", err)
	}
	if _, err := os.Stat(forged.File); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was kept: %v", err)
	}
}

// ahead is an archive whose writer knows of fewer seals than there are.
type ahead struct {
	*site
	size int64
}

func (a ahead) Status() archive.Status {
	return newSite(a.t, a.salt, int(a.size)-1).Archive.Status()
}

// One that is down is tried again, and takes the newest alone when it is back.
func TestRun(t *testing.T) {
	s := newSite(t, "StopInstance", 2)
	synctest.Test(t, func(t *testing.T) {
		p := &flaky{down: true}
		w, told := carrier(s, p)
		w.Every = time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.Run(ctx); close(done) }()
		time.Sleep(10 * time.Minute)
		if asked, kept := p.counts(); kept != 0 || asked < 10 || w.Status().LastError != "it is down" || w.Status().ErrorTime.IsZero() {
			t.Errorf("asked %d times, kept %d: %+v", asked, kept, w.Status())
		}
		p.turn(false)
		time.Sleep(time.Minute)
		if _, kept := p.counts(); kept != 1 || w.Status().Size != 3 || w.Status().LastError != "" || w.Status().Kept.IsZero() {
			t.Errorf("kept %d: %+v", kept, w.Status())
		}
		s.grow(3)
		time.Sleep(30 * time.Minute)
		if _, kept := p.counts(); kept != 1 {
			t.Errorf("within the hour it was given %d", kept)
		}
		time.Sleep(time.Hour)
		if _, kept := p.counts(); kept != 2 || w.Status().Size != 6 || len(*told) != 0 {
			t.Errorf("kept %d: %+v, told %q", kept, w.Status(), *told)
		}
		cancel()
		<-done
	})
}

// flaky is a place that may be down.
type flaky struct {
	mu          sync.Mutex
	down        bool
	note        []byte
	asked, kept int
}

func (f *flaky) turn(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// counts are how often it was asked, and given something.
func (f *flaky) counts() (asked, kept int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked, f.kept
}

func (f *flaky) Newest(context.Context, string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if f.down {
		return nil, errors.New("it is down")
	}
	return f.note, nil
}

func (f *flaky) Keep(_ context.Context, s Step) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note = s.Note
	f.kept++
	return f.note, nil
}

func TestFolder(t *testing.T) {
	for in, want := range map[string]string{origin: origin + "/", "../x": "~2E./x/", "a//b/.c:d": "a/~2Fb/~2Ec~3Ad/", "/a/": "~2Fa~2F/"} {
		if got := Folder(in); got != want {
			t.Errorf("%q is in %q, want %q", in, got, want)
		}
		if err := archive.CheckKey(Folder(in) + "1"); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}
