package httpsource

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/internal/realtest"
	"github.com/actiontrail/actiontrail/plugins"
)

const keyName = "Idempotency-Key"

// Whatever crashes when, a client that sends the same again with the same key has sent it once.
func TestOnceWithAKey(t *testing.T) {
	const body = "one\ntwo"
	for name, crash := range map[string]func(a *carrier){
		"before the read":      func(*carrier) {},
		"before the spool":     func(a *carrier) { a.read() },
		"before it is told":    func(a *carrier) { a.keep(a.read()) },
		"before the answer":    func(a *carrier) { a.keep(a.read()); a.commit() },
		"and is started twice": func(a *carrier) { a.keep(a.read()); a.start() },
	} {
		t.Run(name, func(t *testing.T) {
			a := newCarrier(t, Config{Wait: time.Minute})
			ctx, leave := context.WithCancel(t.Context())
			told := a.post(ctx, body, keyName, "k1")
			realtest.Until(t, realtest.Patience, "the request", func() bool { return a.s.Status().Waiting == 1 })
			crash(a)
			a.start()
			leave()
			<-told
			stop := a.run()
			got := is(t, a.post(t.Context(), body, keyName, "k1"), 200)
			again := is(t, a.post(t.Context(), body, keyName, "k1"), 200)
			stop()
			a.wants("one", "two")
			if want := `{"records":2,"repeated":true}` + "\n"; again.body != want || strings.Contains(got.body, "true") != (name != "before the read" && name != "before the spool") {
				t.Errorf("answered %s and then %s", got.body, again.body)
			}
		})
	}
}

// A request that is larger than a read may be durable in part after a crash: the rest follows.
func TestOnceInParts(t *testing.T) {
	a := newCarrier(t, Config{Wait: time.Minute})
	var want []string
	for i := range 2*plugins.MaxRecords + 10 {
		want = append(want, fmt.Sprint("record ", i))
	}
	body := strings.Join(want, "\n")
	told := a.post(t.Context(), body, keyName, "large")
	a.keep(a.read())
	a.commit()
	silent(t, told)
	a.start()
	is(t, told, 503)
	stop := a.run()
	is(t, a.post(t.Context(), body, keyName, "large"), 200)
	stop()
	a.wants(want...)
	for at := range a.places { // the instance is that of the first start
		if state, err := readState(a.at); err != nil || at.FileID != "http/"+state.instance || at.Offset >= state.next {
			t.Fatalf("a record at %+v; state %+v, %v", at, state, err)
		}
	}
}

// A second client with the same key waits for the first one's answer, and stays when that one leaves.
func TestSameKeyMeanwhile(t *testing.T) {
	a := newCarrier(t, Config{Wait: time.Minute})
	ctx, leave := context.WithCancel(t.Context())
	first := a.post(ctx, "one", keyName, "k")
	realtest.Until(t, realtest.Patience, "the request", func() bool { return a.s.Status().Waiting == 1 })
	second := a.post(t.Context(), "one", keyName, "k")
	in := a.s.opened()
	realtest.Until(t, realtest.Patience, "the second one", func() bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		return in.queue[0].waiters == 2
	})
	is(t, a.post(t.Context(), "other", keyName, "k"), 422)
	leave()
	<-first
	realtest.Until(t, realtest.Patience, "the first one to leave", func() bool {
		in.mu.Lock()
		defer in.mu.Unlock()
		return in.queue[0].waiters == 1
	})
	a.keep(a.read())
	a.commit()
	is(t, second, 200)
	is(t, a.post(t.Context(), "other", keyName, "k"), 422)
	a.wants("one")
	if s := a.s.Status(); s.Bytes != 0 {
		t.Errorf("status %+v", s)
	}
}

// Of many keys the last ones are kept, and the marks of the others removed.
func TestKeysAreForgotten(t *testing.T) {
	in := newInlet(&Config{Path: "/", MaxLine: 100, MaxInflight: 1 << 20}, state{instance: strings.Repeat("00", instanceBytes)}, &counts{})
	var at plugins.Cursor
	say := func(i int) (done bool) {
		_, done, err := in.submit([][]byte{[]byte("x")}, 0, name(fmt.Sprint("key ", i), []byte("x")))
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	carry := func() {
		at = at.Merge(in.take().Next)
		in.committed(in.state.next)
	}
	for i := range keptKeys + 10 {
		say(i)
		carry()
	}
	if len(at) != keptKeys+1 || len(in.keys) != keptKeys || len(in.state.keys) != keptKeys {
		t.Fatalf("%d marks, %d keys", len(at), len(in.keys))
	}
	state, err := readState(at)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in.state.keys, state.keys, cmp.AllowUnexported(known{})); diff != "" {
		t.Errorf("after a crash (-before +after):\n%s", diff)
	}
	in = newInlet(in.config, state, &counts{})
	if !say(10) || !say(keptKeys+9) || say(9) {
		t.Error("not the last keys are known")
	}
	carry()
	if say(10) || !say(11) { // key 9 came again, the oldest one went
		t.Error("not the oldest key was forgotten")
	}
}

func TestMarks(t *testing.T) {
	k := &known{order: 300, taken: 5, total: 1000}
	k.key[3], k.body[15] = 9, 7
	want := state{instance: strings.Repeat("0f", instanceBytes), next: 1 << 40, keys: []*known{k}}
	got, err := readState(plugins.Cursor{{Key: k.key.mark(), Value: k.value()}, placeMark(want.instance, want.next)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(state{}, known{})); diff != "" {
		t.Error(diff)
	}
	place := placeMark(want.instance, 5)
	for _, bad := range []plugins.Cursor{
		{{Key: "x", Value: []byte{1}}},
		{{Key: placeKey, Value: []byte{2}}},
		{{Key: placeKey, Value: append(place.Value, 0)}},
		{{Key: placeKey, Value: place.Value[:len(place.Value)-1]}},
		{{Key: k.key.mark(), Value: k.value()}},
		{place, {Key: "k/00", Value: k.value()}},
		{place, {Key: k.key.mark() + "00", Value: k.value()}},
		{place, {Key: k.key.mark(), Value: k.value()[:20]}},
		{place, {Key: k.key.mark(), Value: append(k.value(), 0)}},
		{place, {Key: k.key.mark(), Value: (&known{taken: 2, total: 1}).value()}},
	} {
		if s, err := readState(bad); err == nil {
			t.Errorf("%q is %+v", bad, s)
		}
	}
}

func FuzzMarks(f *testing.F) {
	k := &known{order: 300, taken: 5, total: 1000}
	f.Add(k.key.mark(), k.value(), placeMark(strings.Repeat("0f", instanceBytes), 77).Value)
	f.Fuzz(func(t *testing.T, key string, value, place []byte) {
		s, err := readState(plugins.Cursor{{Key: key, Value: value}, {Key: placeKey, Value: place}})
		if err != nil || len(s.keys) != 1 {
			return
		}
		again, err := readState(plugins.Cursor{{Key: s.keys[0].key.mark(), Value: s.keys[0].value()}, placeMark(s.instance, s.next)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, again, cmp.AllowUnexported(state{}, known{})); diff != "" {
			t.Error(diff)
		}
	})
}
