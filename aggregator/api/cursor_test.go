package api

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

// TestCursorEqualTimes pages through events of which many have the same time.
func TestCursorEqualTimes(t *testing.T) {
	s, x := madeUpServer(50)
	for i := range x.events {
		x.events[i].Time = event.At(testNow.Add(-time.Duration(i/20+1)*time.Minute), 3)
	}
	h := s.Handler()
	for _, order := range []string{"desc", "asc"} {
		for _, limit := range []int{1, 3, 7, 20, 49, 50} {
			var got []string
			cursor := ""
			for pages := 0; ; pages++ {
				if pages > 50 {
					t.Fatalf("%s by %d: no end after %d pages", order, limit, pages)
				}
				page := decode[EventPage](t, get(t, h, searchTarget("sort", order, "limit", fmt.Sprint(limit), "cursor", cursor)))
				if page.Total != 50 {
					t.Errorf("%s by %d: total %d", order, limit, page.Total)
				}
				got = append(got, ids(t, page.Events)...)
				if cursor = page.Cursor; cursor == "" {
					break
				}
			}
			whole := ids(t, decode[EventPage](t, get(t, h, searchTarget("sort", order))).Events)
			if diff := cmp.Diff(whole, got); diff != "" || len(whole) != 50 {
				t.Errorf("%s by %d: pages are not the whole (-whole +pages):\n%s", order, limit, diff)
			}
		}
	}
}

// TestCursorFixesWindow: what comes in between two pages is on neither.
func TestCursorFixesWindow(t *testing.T) {
	s, x := madeUpServer(10)
	now := testNow
	s.Now = func() time.Time { return now }
	h := s.Handler()
	want := idsOf(x.events)
	first := decode[EventPage](t, get(t, h, searchTarget("sort", "asc", "limit", "6", "from", "now-1h")))
	slices.Reverse(want)
	late := madeUp(20, testNow.Add(time.Hour), time.Minute)
	for i := range late {
		late[i].ID = fmt.Sprintf("late-%02d", i)
	}
	x.events = append(x.events, late...)
	now = testNow.Add(2 * time.Hour)
	second := decode[EventPage](t, get(t, h, searchTarget("sort", "asc", "limit", "6", "from", "now-1h", "cursor", first.Cursor)))
	if diff := cmp.Diff(want, append(ids(t, first.Events), ids(t, second.Events)...)); diff != "" || second.Total != 10 || second.Cursor != "" {
		t.Errorf("total %d, cursor %q, events (-want +got):\n%s", second.Total, second.Cursor, diff)
	}
}

func TestCursorOfAnotherSearch(t *testing.T) {
	s, _ := madeUpServer(10)
	h := s.Handler()
	cursor := decode[EventPage](t, get(t, h, searchTarget("query", "eventName: *", "limit", "2"))).Cursor
	if cursor == "" {
		t.Fatal("no cursor")
	}
	for name, parameters := range map[string][]string{
		"other query": {"query", "eventRW: Read", "cursor", cursor},
		"no query":    {"cursor", cursor},
		"other order": {"query", "eventName: *", "sort", "asc", "cursor", cursor},
	} {
		p := get(t, h, searchTarget(parameters...)).problem(t, http.StatusBadRequest)
		if p.Parameter != "cursor" || !strings.Contains(p.Detail, "another search") {
			t.Errorf("%s: problem %+v", name, p)
		}
	}
	// The order may be spelled out, and the page have another size.
	if got := get(t, h, searchTarget("query", "eventName: *", "sort", "desc", "limit", "3", "cursor", cursor)); got.status != http.StatusOK {
		t.Errorf("the same search is refused: %s", got.body)
	}
	// Whole, but of an index that counts otherwise.
	foreign := cursorOf(t, cursor)
	foreign.after = "no-place"
	p := get(t, h, searchTarget("query", "eventName: *", "cursor", foreign.String())).problem(t, http.StatusBadRequest)
	if p.Parameter != "cursor" || !strings.Contains(p.Hint, "without a cursor") {
		t.Errorf("problem %+v", p)
	}
}

func cursorOf(t *testing.T, s string) cursor {
	t.Helper()
	c, err := parseCursor(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCursorDamaged(t *testing.T) {
	whole := cursor{window{testNow.Add(-time.Hour), testNow}, true, queryHash("eventRW: Write"), testNow, "after"}.String()
	if c := cursorOf(t, whole); !c.ascending || c.after != "after" || !c.to.Equal(testNow) || !c.now.Equal(testNow) || !c.from.Equal(testNow.Add(-time.Hour)) || c.query != queryHash("eventRW: Write") {
		t.Errorf("read back as %+v", c)
	}
	for i := range whole {
		if _, err := parseCursor(whole[:i]); err == nil {
			t.Errorf("taken when cut after %d", i)
		}
		other := []byte(whole)
		other[i] = 'A' + (other[i]-'A'+1)%26
		if _, err := parseCursor(string(other)); err == nil {
			t.Errorf("taken with another character at %d", i)
		}
	}
	for _, more := range []string{whole + "A", whole + "=", "\n" + whole, whole + "\r\n"} {
		if c, err := parseCursor(more); err == nil {
			t.Errorf("%q is taken: %+v", more, c)
		}
	}
}

// TestCursorVersion: a cursor of a later version has a right checksum and is refused all the same.
func TestCursorVersion(t *testing.T) {
	b, err := base64.RawURLEncoding.DecodeString(cursor{window: window{testNow, testNow}, now: testNow}.String())
	if err != nil {
		t.Fatal(err)
	}
	for at, v := range map[int]byte{0: cursorVersion + 1, 1: 2} {
		changed := append([]byte(nil), b[:len(b)-4]...)
		changed[at] = v
		changed = binary.BigEndian.AppendUint32(changed, crc32.Checksum(changed, castagnoli))
		if _, err := parseCursor(base64.RawURLEncoding.EncodeToString(changed)); err == nil {
			t.Errorf("taken with %d at byte %d", v, at)
		}
	}
}

// TestCursorGolden: pages that clients hold while the server is replaced stay valid.
func TestCursorGolden(t *testing.T) {
	for golden, c := range map[string]cursor{
		"AQEY7H8CeFzgABjsgkipFYAAPExMkbRUN1VhZnRlcuRFPn8":            {window{testNow.Add(-time.Hour), testNow}, true, queryHash("eventRW: Write"), time.Time{}, "after"},
		"AgEY7H8CeFzgABjsgkipFYAAPExMkbRUN1UY7IJIqRWAAGFmdGVyHjsQ1A": {window{testNow.Add(-time.Hour), testNow}, true, queryHash("eventRW: Write"), testNow, "after"},
	} {
		if got := c.String(); got != golden {
			t.Errorf("cursor is %s, was %s", got, golden)
		}
		if diff := cmp.Diff(c, cursorOf(t, golden), cmp.AllowUnexported(cursor{}, window{})); diff != "" {
			t.Errorf("%s is read as (-want +got):\n%s", golden, diff)
		}
	}
}
