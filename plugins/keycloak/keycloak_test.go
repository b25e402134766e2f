package keycloak

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/sourcetest"
)

const secret = "secret of tests"

// double answers as Keycloak does: events newest first, by days and pages, to whoever has a token.
type double struct {
	mu     sync.Mutex
	events map[string][]kept // by path, the newest first
	tokens int               // drawn
	good   string
	late   func() // called before each page, unlocked; nil: nothing
}

// kept is an event of the double.
type kept struct {
	time int64
	date string
	text json.RawMessage
}

func (d *double) add(path, text string) {
	var e struct{ Time int64 }
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		panic(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	all := append(d.events[path], kept{e.Time, time.UnixMilli(e.Time).UTC().Format("2006-01-02"), json.RawMessage(text)})
	for i := len(all) - 1; i > 0 && all[i].time > all[i-1].time; i-- {
		all[i], all[i-1] = all[i-1], all[i]
	}
	d.events[path] = all
}

func (d *double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.late != nil && strings.HasPrefix(r.URL.Path, "/auth/admin/") {
		d.late()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.URL.Path == "/auth/realms/shop/protocol/openid-connect/token" {
		if r.PostFormValue("grant_type") != "client_credentials" || r.PostFormValue("client_id") != "audit" || r.PostFormValue("client_secret") != secret {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"unauthorized_client","error_description":"Invalid client"}`)
			return
		}
		d.tokens++
		d.good = fmt.Sprint("token ", d.tokens)
		fmt.Fprintf(w, `{"access_token":%q,"expires_in":300}`, d.good)
		return
	}
	path, known := strings.CutPrefix(r.URL.Path, "/auth/admin/realms/shop")
	switch {
	case r.Header.Get("Authorization") != "Bearer "+d.good:
		w.WriteHeader(http.StatusUnauthorized)
		return
	case !known || path != "/events" && path != "/admin-events":
		w.WriteHeader(http.StatusNotFound)
		return
	}
	q := r.URL.Query()
	list := []json.RawMessage{}
	from, to := q.Get("dateFrom"), q.Get("dateTo")
	for _, e := range d.events[path] {
		if (from == "" || e.date >= from) && (to == "" || e.date <= to) {
			list = append(list, e.text)
		}
	}
	first, _ := strconv.Atoi(q.Get("first"))
	most, _ := strconv.Atoi(q.Get("max"))
	first = min(first, len(list))
	if err := json.NewEncoder(w).Encode(list[first:min(first+most, len(list))]); err != nil {
		panic(err)
	}
}

func start(t *testing.T) (*double, Config) {
	t.Helper()
	d := &double{events: map[string][]kept{}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	return d, Config{URL: server.URL + "/auth/", Realms: []string{"shop"}, Events: []string{User, Admin}, ClientID: "audit", Secret: func() (string, error) { return secret, nil },
		Poll: 5 * time.Millisecond, Client: server.Client(), Now: func() time.Time { return time.UnixMilli(now) }}
}

const now = 1_790_000_000_000

func newSource(t testing.TB, c Config) *Source {
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSource(t *testing.T) {
	d, c := start(t)
	c.Poll = 20 * time.Millisecond
	var want []string
	for i := range 1600 {
		text := fmt.Sprintf(`{"id":"%d","time":%d,"type":"LOGIN","realmId":"shop"}`, i, now-3*86_400_000+int64(i/7)*400_000) // seven of each stamp
		path := "/events"
		if i%5 == 0 {
			path, text = "/admin-events", fmt.Sprintf(`{"time":%d,"operationType":"UPDATE","resourcePath":"users/%d"}`, now-86_400_000+int64(i), i/10) // without ids, and some say the same
		}
		want = append(want, text)
		d.add(path, text)
	}
	sourcetest.Run(t, sourcetest.Harness{Want: want, Patience: realtest.Patience, New: func(t testing.TB) plugins.Source { return newSource(t, c) }})
}

// reader reads a source as an agent does.
type reader struct {
	t *testing.T
	c Config
	*Source
	at      plugins.Cursor
	records []string
}

// again begins anew at the cursor, as after a crash.
func (r *reader) again() {
	r.t.Helper()
	if r.Source != nil {
		if err := r.Close(); err != nil {
			r.t.Fatal(err)
		}
	}
	r.Source = newSource(r.t, r.c)
	if err := r.Open(r.t.Context(), r.at); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reader) read(n int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), realtest.Patience)
	defer cancel()
	for len(r.records) < n {
		b, err := r.Read(ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, x := range b.Records {
			r.records = append(r.records, string(x.Data))
		}
		r.at = r.at.Merge(b.Next)
	}
}

// Events of a stamp that was read, and such as were stored late, are read, through restarts, and the tokens end.
func TestEqualStampsAndLate(t *testing.T) {
	d, c := start(t)
	c.Events = []string{User}
	r := &reader{t: t, c: c}
	r.again()
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	var want []string
	add := func(text string) { want = append(want, text); d.add("/events", text) }
	add(`{"id":"a","time":1789999999000}`)
	r.read(1)
	add(`{"id":"b","time":1789999999000}`)
	r.read(2)
	r.again()
	add(`{"id":"c","time":1789999990000}`) // late
	add(`{"time":1789999999000,"type":"LOGIN_ERROR"}`)
	r.read(4)
	add(`{"time":1789999999000,"type":"LOGIN_ERROR"}`) // says the same as one before
	r.read(5)
	d.mu.Lock()
	d.good = "" // the tokens are taken back
	d.mu.Unlock()
	r.again()
	add(`{"id":"d","time":1789999999001}`)
	r.read(6)
	slices.Sort(want)
	slices.Sort(r.records)
	if diff := cmp.Diff(want, r.records); diff != "" {
		t.Error(diff)
	}
}

// While pages are read events come: none is read twice, none is lost.
func TestEventsComeBetweenPages(t *testing.T) {
	d, c := start(t)
	c.Events = []string{User}
	for i := range 1800 {
		d.add("/events", fmt.Sprintf(`{"time":%d,"n":%d}`, now-1800+int64(i), i))
	}
	extra := 0
	d.late = func() {
		if extra < 3 {
			d.add("/events", fmt.Sprintf(`{"time":%d,"extra":%d}`, now+int64(extra), extra))
			extra++
		}
	}
	r := &reader{t: t, c: c}
	r.again()
	r.read(1803)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(r.records)
	if n := len(slices.Compact(r.records)); n != 1803 || len(r.records) != n {
		t.Errorf("%d events, %d of them once", len(r.records), n)
	}
}

// What is wrong is said so that it can be put right.
func TestRefused(t *testing.T) {
	_, c := start(t)
	for want, change := range map[string]func(*Config){
		"no token":              func(c *Config) { c.ClientID = "other" },
		"is there such a realm": func(c *Config) { c.Realms, c.TokenRealm = []string{"other"}, "shop" },
	} {
		with := c
		change(&with)
		s := newSource(t, with)
		if err := s.Open(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Of very many events within the window some are remembered, and the floor tells which; a cursor
// is read as it was written, and one that is damaged is refused.
func TestState(t *testing.T) {
	var s state
	for i := range 3 * mostSeen {
		s.take(found{time: int64(1000 + i/2), seen: hash("", int64(i))})
	}
	s.forget()
	if len(s.recent) > mostSeen || len(s.known) != len(s.recent) || s.recent[0].time < s.floor || s.floor > s.last {
		t.Errorf("%d are remembered, %d known, from %d on; floor %d, last %d", len(s.recent), len(s.known), s.recent[0].time, s.floor, s.last)
	}
	var again state
	if err := again.read(s.value()); err != nil || again.last != s.last || again.floor != s.floor || again.count != s.count || !slices.Equal(again.recent, s.recent) {
		t.Error("other than written", err)
	}
	for _, v := range [][]byte{{}, {2}, {1}, {1, 1, 1}, s.value()[:len(s.value())-1], append(s.value(), 1)} {
		if err := new(state).read(v); err == nil {
			t.Errorf("%.20x is taken", v)
		}
	}
}
