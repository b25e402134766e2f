package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/actiontrail/actiontrail/aggregator"
)

// fakeQuarantine has entries 1 to n; the second was taken in, and the third is refused again.
type fakeQuarantine int

func (f fakeQuarantine) List() ([]aggregator.Quarantined, error) {
	var all []aggregator.Quarantined
	for i := range int(f) {
		all = append(all, aggregator.Quarantined{Name: fmt.Sprintf("%020d", i+1), Seq: uint64(i + 1), Subject: "events.prod.gw-1.edge", Stored: testNow, Reason: aggregator.UnknownKey, Detail: "why", Bytes: 9})
	}
	if f > 1 {
		all[1].Retry = &aggregator.Retry{Began: testNow, Ended: testNow.Add(time.Second), Events: 7, Known: 1}
	}
	return all, nil
}

func (f fakeQuarantine) Retry(_ context.Context, name string) (aggregator.Quarantined, error) {
	all, _ := f.List()
	for _, one := range all {
		if one.Name == name && one.Seq == 3 {
			return one, fmt.Errorf("%w: unknown key", aggregator.ErrRefusedAgain)
		}
		if one.Name == name {
			return one, nil
		}
	}
	return aggregator.Quarantined{}, aggregator.ErrNotQuarantined
}

func TestQuarantine(t *testing.T) {
	s, _ := madeUpServer(1)
	if got := get(t, s.Handler(), "/api/v1/quarantine"); got.status != http.StatusNotImplemented {
		t.Errorf("a server without quarantine answers %d", got.status)
	}
	s.Quarantine = fakeQuarantine(120)
	h := s.Handler()
	list := decode[QuarantineList](t, get(t, h, "/api/v1/quarantine"))
	if list.Total != 120 || len(list.Entries) != defaultQuarantine || list.Entries[0].Seq != 120 || list.Entries[99].Seq != 21 {
		t.Errorf("the newest are not listed first: %d of %d", len(list.Entries), list.Total)
	}
	list = decode[QuarantineList](t, get(t, h, "/api/v1/quarantine?limit=1000"))
	if e := list.Entries[118]; len(list.Entries) != 120 || e.TakenInEvents != 7 || e.KnownEvents != 1 || !e.TakenIn.Equal(testNow.Add(time.Second)) {
		t.Errorf("an entry that was taken in: %+v", e)
	}
	for _, limit := range []string{"0", "-1", "1001", "x"} {
		if got := get(t, h, "/api/v1/quarantine?limit="+limit); got.status != http.StatusBadRequest {
			t.Errorf("limit=%s is answered with %d", limit, got.status)
		}
	}
	for entry, want := range map[string]int{"2": http.StatusOK, "3": http.StatusConflict, "500": http.StatusNotFound} {
		path := "/api/v1/quarantine/" + strings.Repeat("0", 20-len(entry)) + entry + "/retry"
		if got := send(t, h, http.MethodPost, path, "application/json", ""); got.status != want {
			t.Errorf("entry %s is answered with %d: %s", entry, got.status, got.body)
		}
		if got := send(t, h, http.MethodPost, path, "text/plain", ""); got.status != http.StatusUnsupportedMediaType {
			t.Errorf("entry %s as text is answered with %d", entry, got.status)
		}
	}
}
