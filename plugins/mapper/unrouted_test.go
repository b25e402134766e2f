package mapper

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// mapRequest maps a line of nginx of this request.
func mapRequest(t testing.TB, m *Mapper, method, uri, host string, status int) {
	t.Helper()
	record := fmt.Appendf(nil, `{"time_iso8601":"2026-11-21T01:26:58Z","request":"%s %s HTTP/1.1","http_host":%q,"status":%d}`, method, uri, host, status)
	var e event.Event
	if err := m.Map(&plugins.Record{Data: record}, &e); err != nil {
		t.Fatal(err)
	}
}

func top(u *Unrouted, n int) string {
	all, _ := u.Top(n)
	return lines(all)
}

// What no route takes is proposed, relative to the prefix of the rules, the most
// frequent first; what is routed, belongs elsewhere or is not there is not.
func TestUnrouted(t *testing.T) {
	var u Unrouted
	m := newMapper(t, Options{Format: "nginx", Rules: shop(t), Unrouted: &u}) // *.shop.example/v1
	for _, r := range []struct {
		method, uri, host string
		status            int
	}{
		{"POST", "/v1/instances/i-1/stop", "a.shop.example", 200}, // a route takes it
		{"GET", "/v1/orders/17?token=sk_live_0123456789abcdefghijklmn", "a.shop.example", 200},
		{"GET", "/v1/orders/18", "a.shop.example", 500},
		{"DELETE", "/v1/orders/18", "a.shop.example", 403},
		{"GET", "/v1/orders/19", "elsewhere.example", 200}, // no route of these rules could
		{"GET", "/v2/orders/19", "a.shop.example", 200},
		{"GET", "/v1/wp-login.php", "a.shop.example", 404},
		{"BREW", "/v1/pots", "a.shop.example", 405},
		{"PUT", "/v1/avatars/7", "a.shop.example", 400},
		{"PUT", "/v1/avatars/7", "a.shop.example", 410},
	} {
		mapRequest(t, m, r.method, r.uri, r.host, r.status)
	}
	want := `2 GET /orders/{order}: Orders.GetOrder Orders::Order=order
1 DELETE /orders/{order}: Orders.DeleteOrder Orders::Order=order
`
	if d := cmp.Diff(want, top(&u, 20)); d != "" {
		t.Error(d)
	}
	proposed, all := u.Top(1)
	if len(proposed) != 1 || all != 2 || proposed[0].Example != "/orders/17" {
		t.Errorf("of %d the first is %+v", all, proposed)
	}
	mapRequest(t, m, "GET", "/v1/users/alice", "a.shop.example", 200)
	mapRequest(t, m, "GET", "/v1/users/bob", "a.shop.example", 200)
	for range 2 { // to have been asked changes nothing
		if got := top(&u, 1); got != "2 GET /orders/{order}: Orders.GetOrder Orders::Order=order\n" {
			t.Error(got)
		}
		mapRequest(t, m, "PUT", "/v1/users/bob", "a.shop.example", 200)
	}
	if got := top(&u, 20); !strings.Contains(got, "2 GET /users/{user}") {
		t.Error(got)
	}
	mapRequest(t, m, "GET", "/v1/orders", "a.shop.example", 200)
	mapRequest(t, m, "GET", "/v1/orders/20", "a.shop.example", 200)
	if got := top(&u, 20); !strings.Contains(got, "3 GET /orders/{order}") || !strings.Contains(got, "1 GET /orders: Orders.ListOrders") {
		t.Errorf("later %s", got)
	}
}

// A mapper of one host names nothing of another.
func TestUnroutedOfAnotherHost(t *testing.T) {
	var u Unrouted
	m := newMapper(t, Options{Format: "nginx", Rules: &Rules{Match: Match{Host: "*.shop.example"}}, Unrouted: &u})
	mapRequest(t, m, "GET", "/orders/19", "elsewhere.example", 200)
	mapRequest(t, m, "GET", "/carts/19", "a.shop.example", 200)
	if got := top(&u, 20); got != "1 GET /carts/{cart}: Carts.GetCart Carts::Cart=cart\n" {
		t.Error(got)
	}
}

// An audit log names its actions itself: there is nothing to propose but for what it has no name.
func TestUnroutedOfNamedActions(t *testing.T) {
	var u Unrouted
	m := newMapper(t, Options{Format: "kubernetes", Unrouted: &u})
	for _, record := range goldenRecords(t, "kubernetes") {
		var e event.Event
		_ = m.Map(&plugins.Record{Data: []byte(record)}, &e) // some are ignored
	}
	if m.Unmapped() == 0 {
		t.Fatal("nothing was unmapped")
	}
	if d := cmp.Diff("1 GET /healthz: ignore\n1 GET /version: Version.GetVersion\n", top(&u, 20)); d != "" {
		t.Error(d)
	}
}

// No secret is in a pattern, an action or a sample, wherever in the request it stood.
func TestUnroutedHidesSecrets(t *testing.T) {
	const token = "ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"
	var u Unrouted
	m := newMapper(t, Options{Format: "nginx", Unrouted: &u})
	for _, uri := range []string{"/reset/" + token, "/" + token + "/x", "/hook/password=hunter2hunter2", "/x?Action=" + token, "/x?key=" + token, "/enc/%67%68%70_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"} {
		for range 3 {
			mapRequest(t, m, "POST", uri, "a.example", 200)
		}
	}
	proposed, all := u.Top(100)
	if all < 4 {
		t.Errorf("%d proposals", all)
	}
	for _, p := range proposed {
		if s := fmt.Sprintf("%+v", p); strings.Contains(s, token) || strings.Contains(s, token[8:]) || strings.Contains(s, "hunter2") {
			t.Errorf("a secret in %s", s)
		}
	}
	if !strings.Contains(fmt.Sprintf("%+v", proposed), "/reset/***") {
		t.Errorf("no sample tells where one stood: %+v", proposed)
	}
}

// Long logs are sampled: counts are about those of all, and a thousand are exact.
func TestUnroutedIsASample(t *testing.T) {
	var u Unrouted
	m := newMapper(t, Options{Format: "nginx", Unrouted: &u})
	count := func() (orders, users uint64) {
		all, _ := u.Top(10)
		for _, p := range all {
			switch p.Pattern {
			case "GET /orders/{order}":
				orders = p.Count
			case "GET /users/{user}":
				users = p.Count
			}
		}
		return orders, users
	}
	add := func(n int) {
		for i := range n {
			if i%8 == 7 { // a rhythm of its own
				mapRequest(t, m, "GET", "/users/bob", "a.example", 200)
			} else {
				mapRequest(t, m, "GET", "/orders/17", "a.example", 200)
			}
		}
	}
	add(learnAll)
	if orders, users := count(); orders != learnAll/8*7 || users != learnAll/8 {
		t.Errorf("of %d: %d and %d", learnAll, orders, users)
	}
	const n = 1 << 17
	add(n - learnAll)
	orders, users := count()
	if sum := orders + users; sum > n || sum < n-3*learnOneIn {
		t.Errorf("%d of %d are counted", sum, n)
	}
	if users < n/8*8/10 || users > n/8*12/10 {
		t.Errorf("%d of %d users", users, n/8)
	}
	if u.learner.known != 5 { // orders, users, bob, and the two endings
		t.Errorf("%d words and endings are known", u.learner.known)
	}
	sampled := 0
	for i := uint64(learnAll + 1); i <= 1<<20; i++ {
		if isSampled(i) {
			sampled++
		}
	}
	if per := (1<<20 - learnAll) / sampled; per < learnOneIn*9/10 || per > learnOneIn*11/10 {
		t.Errorf("one in %d is looked at", per)
	}
}

// Made-up paths without end fill a bounded place.
func TestUnroutedIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var u Unrouted
	m := newMapper(t, Options{Format: "nginx", Unrouted: &u})
	word := func(n int) string {
		return strings.Repeat("w", 30) + strings.Map(func(c rune) rune { return 'a' + c - '0' }, fmt.Sprint(n))
	}
	for i := range learnAll * 16 {
		m.unmapped, m.learned = 0, 0 // all of them are looked at
		mapRequest(t, m, "GET", fmt.Sprintf("/%s/%d/%s/7/%s?Action=Do%s", word(i%9), i, word(i/9%200), word(i/1800), word(i)), "a.example", 200)
	}
	top, all := u.Top(20)
	if len(top) != 20 || all > mostUnrouted {
		t.Errorf("%d of %d are proposed", len(top), all)
	}
	m = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 3<<20 {
		t.Errorf("%d bytes are held", grown)
	}
	runtime.KeepAlive(&u)
}

// Two mappers of a source tell one Unrouted, while a report asks it.
func TestUnroutedIsShared(t *testing.T) {
	var u Unrouted
	var both sync.WaitGroup
	for range 2 {
		m := newMapper(t, Options{Format: "nginx", Unrouted: &u})
		both.Go(func() {
			for i := range 500 {
				mapRequest(t, m, "GET", fmt.Sprintf("/orders/%d", i), "a.example", 200)
				if i%50 == 0 {
					u.Top(5)
				}
			}
		})
	}
	both.Wait()
	if got := top(&u, 5); got != "1000 GET /orders/{order}: Orders.GetOrder Orders::Order=order\n" {
		t.Error(got)
	}
}

// To learn of a shape again costs no allocation.
func TestUnroutedAllocatesNothing(t *testing.T) {
	var u Unrouted
	m := newMapper(t, Options{Format: "nginx", Unrouted: &u})
	r := plugins.Record{Data: []byte(`{"time_iso8601":"2026-11-21T01:26:58Z","request":"GET /v1/orders/17?Action=GetOrder HTTP/1.1","http_host":"a.example","status":200}`)}
	n := testing.AllocsPerRun(learnAll/2, func() {
		var e event.Event
		if err := m.Map(&r, &e); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations a record", n)
	}
}

// BenchmarkUnrouted maps a record that no route takes, with and without anybody to learn of it.
func BenchmarkUnrouted(b *testing.B) {
	for name, u := range map[string]*Unrouted{"alone": nil, "learning": {}} {
		b.Run(name, func(b *testing.B) {
			m := newMapper(b, Options{Format: "nginx", Unrouted: u})
			r := plugins.Record{Data: []byte(benchJSON)}
			b.ReportAllocs()
			var e event.Event
			for b.Loop() {
				e = event.Event{}
				if err := m.Map(&r, &e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
