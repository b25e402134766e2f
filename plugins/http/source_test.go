package httpsource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

const patience = realtest.Patience

// driven is a source to which everything that its cursor does not have is posted when it is
// opened, in several requests that come in order.
type driven struct {
	*Source
	want []string
	stop func()
}

func (d *driven) Open(ctx context.Context, at plugins.Cursor) error {
	if err := d.Source.Open(ctx, at); err != nil {
		return err
	}
	in := d.opened()
	post, cancel := context.WithCancel(context.Background())
	var posting sync.WaitGroup
	d.stop = func() { cancel(); posting.Wait() }
	posting.Go(func() {
		rest := d.want[in.state.next:]
		for to := in.state.next; len(rest) > 0; {
			n := min(len(rest), 700)
			body := "[" + strings.Join(rest[:n], ",\n") + "]"
			rest, to = rest[n:], to+int64(n)
			posting.Go(func() { _ = send(post, in, body) })
			for came(in) < to { // they are to come in this order
				select {
				case <-post.Done():
					return
				case <-time.After(100 * time.Microsecond):
				}
			}
		}
	})
	return nil
}

func (d *driven) Close() error {
	err := d.Source.Close()
	if d.stop != nil {
		d.stop()
	}
	return err
}

// came is the number after the last record that came.
func came(in *inlet) int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := in.state.next
	for _, r := range in.queue {
		n += int64(len(r.records) - r.next)
	}
	return n
}

func send(ctx context.Context, in *inlet, body string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+in.addr.String()+DefaultPath, strings.NewReader(body))
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

func TestSource(t *testing.T) {
	var want []string
	for i := range 2500 {
		want = append(want, fmt.Sprintf(`{"n":%d,"pad":"%s"}`, i, strings.Repeat("x", i%300)))
	}
	sourcetest.Run(t, sourcetest.Harness{Want: want, New: func(t testing.TB) plugins.Source {
		s, err := New(Config{Listen: "127.0.0.1:0", Wait: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		s.draw = func() (string, error) { return strings.Repeat("ab", instanceBytes), nil }
		return &driven{Source: s, want: want}
	}})
}

// carrier is an agent as far as a source can see. What it has kept survives a crash.
type carrier struct {
	t      *testing.T
	config Config
	s      *Source

	at      plugins.Cursor // durable
	records []string       // the same
	places  map[plugins.Position]bool
}

func newCarrier(t *testing.T, c Config) *carrier {
	c.Listen = "127.0.0.1:0"
	a := &carrier{t: t, config: c, places: map[plugins.Position]bool{}}
	a.start()
	t.Cleanup(func() {
		if err := a.s.Close(); err != nil {
			t.Error(err)
		}
	})
	return a
}

// start makes a new source of what is durable, as after a crash.
func (a *carrier) start() {
	a.t.Helper()
	if a.s != nil {
		if err := a.s.Close(); err != nil {
			a.t.Fatal(err)
		}
	}
	s, err := New(a.config)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := s.Open(a.t.Context(), a.at); err != nil {
		a.t.Fatal(err)
	}
	a.s = s
}

// read takes what comes next, which is in memory only.
func (a *carrier) read() plugins.Batch {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	b, err := a.s.Read(ctx)
	if err != nil {
		a.t.Fatal(err)
	}
	return b
}

// keep makes a batch durable, without telling the source.
func (a *carrier) keep(b plugins.Batch) {
	a.t.Helper()
	for _, r := range b.Records {
		pos := r.Pos
		pos.Length = 0
		if a.places[pos] {
			a.t.Errorf("two records at %+v", pos)
		}
		a.places[pos] = true
		a.records = append(a.records, string(r.Data))
	}
	a.at = a.at.Merge(b.Next)
}

func (a *carrier) commit() {
	a.t.Helper()
	if err := a.s.Committed(a.t.Context(), a.at); err != nil {
		a.t.Fatal(err)
	}
}

// run carries until the test ends or stop is called.
func (a *carrier) run() (stop func()) {
	ctx, cancel := context.WithCancel(a.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			b, err := a.s.Read(ctx)
			if errors.Is(err, context.Canceled) || errors.Is(err, errClosed) {
				return
			} else if err != nil {
				a.t.Error(err)
				return
			}
			a.keep(b)
			a.commit()
		}
	})
	return func() { cancel(); running.Wait() }
}

// answer is what a client was told.
type answer struct {
	status int
	header http.Header
	body   string
	err    error
}

// post sends a request. The answer comes later.
func (a *carrier) post(ctx context.Context, body string, header ...string) <-chan answer {
	return a.do(ctx, http.MethodPost, a.path(), body, header...)
}

func (a *carrier) path() string { return def(a.config.Path, DefaultPath) }

func (a *carrier) do(ctx context.Context, method, path, body string, header ...string) <-chan answer {
	a.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+a.s.Addr().String()+path, bytes.NewReader([]byte(body)))
	if err != nil {
		a.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	told := make(chan answer, 1)
	go func() {
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			told <- answer{err: err}
			return
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		told <- answer{resp.StatusCode, resp.Header, string(text), err}
	}()
	return told
}

// wants checks the records that are durable.
func (a *carrier) wants(want ...string) {
	a.t.Helper()
	if strings.Join(a.records, "\n") != strings.Join(want, "\n") {
		a.t.Errorf("records %q, want %q", a.records, want)
	}
}

func is(t *testing.T, told <-chan answer, status int) answer {
	t.Helper()
	select {
	case got := <-told:
		if got.err != nil || got.status != status {
			t.Errorf("answered %d %s (%v), want %d", got.status, got.body, got.err, status)
		}
		return got
	case <-time.After(patience):
		t.Fatal("no answer")
	}
	return answer{}
}

func silent(t *testing.T, told <-chan answer) {
	t.Helper()
	select {
	case got := <-told:
		t.Errorf("answered %d %s (%v) too early", got.status, got.body, got.err)
	default:
	}
}

// The answer comes when the records are durable, not before.
func TestAnsweredWhenDurable(t *testing.T) {
	a := newCarrier(t, Config{Wait: 50 * time.Millisecond})
	told := a.post(t.Context(), "one\ntwo\n")
	b := a.read()
	is(t, a.post(t.Context(), "three"), 503)
	silent(t, told) // it came earlier, and what was taken is not refused
	a.keep(b)
	silent(t, told)
	a.commit()
	if got := is(t, told, 200); got.body != `{"records":2,"repeated":false}`+"\n" {
		t.Errorf("answered %s", got.body)
	}
	a.wants("one", "two")
	if s := a.s.Status(); s.Requests != 1 || s.Records != 2 || s.Waiting != 0 || s.Bytes != 0 || !s.Oldest.IsZero() {
		t.Errorf("status %+v", s)
	}
}

// What is not durable yet is not answered with what is.
func TestAnsweredInTurn(t *testing.T) {
	a := newCarrier(t, Config{Wait: time.Minute})
	first := a.post(t.Context(), "one")
	a.keep(a.read())
	second := a.post(t.Context(), "two")
	b := a.read()
	a.commit()
	is(t, first, 200)
	silent(t, second)
	a.keep(b)
	a.commit()
	is(t, second, 200)
}

// A read is bounded in bytes, too.
func TestReadsAreBounded(t *testing.T) {
	a := newCarrier(t, Config{Wait: time.Minute})
	line := strings.Repeat("x", readBytes/2)
	told := a.post(t.Context(), strings.Repeat(line+"\n", 5))
	for _, want := range []int{2, 2, 1} {
		b := a.read()
		if len(b.Records) != want {
			t.Errorf("a read of %d records, want %d", len(b.Records), want)
		}
		a.keep(b)
		a.commit()
	}
	is(t, told, 200)
}

// A request that is taken while its client gives up is not refused.
func TestLeaveTooLate(t *testing.T) {
	in := newInlet(&Config{Path: "/", MaxLine: 100, MaxInflight: 100}, state{instance: strings.Repeat("00", instanceBytes)}, &counts{})
	taken, _, err := in.submit([][]byte{[]byte("a")}, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	in.take()
	queued, _, err := in.submit([][]byte{[]byte("b")}, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if in.leave(taken) || !in.leave(queued) || len(in.take().Records) != 0 {
		t.Error("what was taken was refused, or the other way round")
	}
}

// A large request that waits no longer is not in the way of smaller ones.
func TestBudget(t *testing.T) {
	b := newBudget(100)
	if err := b.acquire(t.Context(), 60); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	large, small := make(chan error, 1), make(chan error, 1)
	waiters := func(n int) {
		t.Helper()
		realtest.Until(t, realtest.Patience, "waiters", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return len(b.waiters) == n })
	}
	go func() { large <- b.acquire(ctx, 80) }()
	waiters(1)
	go func() { small <- b.acquire(t.Context(), 30) }()
	waiters(2) // it does not overtake
	leave()
	if err := <-large; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-small; err != nil {
		t.Error(err)
	}
	b.release(90)
	if held := b.held(100); held != 0 {
		t.Errorf("%d are held", held)
	}
}

// Nobody takes the records: the request is refused, and none of them comes later.
func TestRefusedWhole(t *testing.T) {
	a := newCarrier(t, Config{Wait: 20 * time.Millisecond})
	got := is(t, a.post(t.Context(), "one\ntwo\n"), 503)
	if got.header.Get("Retry-After") != "1" || got.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(got.body, "nothing of the request was taken") {
		t.Errorf("answered %v %s", got.header, got.body)
	}
	if s := a.s.Status(); s.Busy != 1 || s.Waiting != 0 || s.Bytes != 0 {
		t.Errorf("status %+v", s)
	}
	a.run()
	is(t, a.post(t.Context(), "three"), 200)
	a.wants("three")
}

// A client that leaves before anything was taken has sent nothing; one that leaves later has.
func TestClientLeaves(t *testing.T) {
	a := newCarrier(t, Config{Wait: time.Minute})
	for _, c := range []struct {
		body  string
		taken bool
	}{{"early", false}, {"late", true}} {
		ctx, leave := context.WithCancel(t.Context())
		told := a.post(ctx, c.body)
		realtest.Until(t, realtest.Patience, "the request", func() bool { return a.s.Status().Waiting == 1 })
		if c.taken {
			a.keep(a.read())
		}
		leave()
		if got := <-told; got.err == nil {
			t.Errorf("answered %d", got.status)
		}
		if !c.taken {
			realtest.Until(t, realtest.Patience, "the request to be forgotten", func() bool { return a.s.Status().Bytes == 0 })
		}
	}
	a.commit()
	if s := a.s.Status(); s.Waiting != 0 || s.Bytes != 0 {
		t.Errorf("status %+v", s)
	}
	a.run()
	is(t, a.post(t.Context(), "next"), 200)
	a.wants("late", "next")
}

// What does not become durable before the source is closed is answered, but not with 200.
func TestClosedWhileWaiting(t *testing.T) {
	a := newCarrier(t, Config{Wait: time.Minute})
	taken := a.post(t.Context(), "one")
	a.read()
	queued := a.post(t.Context(), "two")
	realtest.Until(t, realtest.Patience, "both requests", func() bool { return a.s.Status().Waiting == 2 })
	if err := a.s.Close(); err != nil {
		t.Fatal(err)
	}
	is(t, taken, 503)
	is(t, queued, 503)
	if _, err := a.s.Read(t.Context()); err == nil {
		t.Error("a closed source was read")
	}
}

// More than may be in memory waits, and is refused when that takes too long.
func TestInflightIsBounded(t *testing.T) {
	a := newCarrier(t, Config{MaxBody: 100, MaxInflight: 150, Wait: time.Minute})
	first := a.post(t.Context(), strings.Repeat("a", 100))
	batch := a.read()
	second := a.post(t.Context(), strings.Repeat("b", 100))
	third := a.post(t.Context(), strings.Repeat("c", 10))
	in := a.s.opened()
	realtest.Until(t, realtest.Patience, "requests that wait", func() bool {
		in.budget.mu.Lock()
		defer in.budget.mu.Unlock()
		return len(in.budget.waiters) == 1 || len(in.budget.waiters) == 2
	})
	if held := a.s.Status().Bytes; held > 150 {
		t.Errorf("%d bytes are held", held)
	}
	a.keep(batch)
	a.commit()
	a.run()
	is(t, first, 200)
	is(t, second, 200)
	is(t, third, 200)
	if len(a.records) != 3 {
		t.Errorf("%d records", len(a.records))
	}

	b := newCarrier(t, Config{MaxBody: 100, MaxInflight: 100, Wait: 20 * time.Millisecond})
	first = b.post(t.Context(), strings.Repeat("a", 100))
	b.keep(b.read())
	if got := is(t, b.post(t.Context(), "x"), 503); !strings.Contains(got.body, "max_inflight") {
		t.Errorf("answered %s", got.body)
	}
	b.commit()
	is(t, first, 200)
}
