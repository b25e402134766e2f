package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// What a release with one delivery for each trail has staged and owed is found again.
func TestDeliveryKeepsItsFolders(t *testing.T) {
	trail := &config.Trail{Name: "all"}
	for name, want := range map[string]string{"file": "all", "copy": "all.copy", "s3": "all.s3"} {
		if got := (&delivery{trail: trail, Delivery: config.Delivery{Name: name}}).key(); got != want {
			t.Errorf("delivery %s is kept as %s, want %s", name, got, want)
		}
	}
}

// Two deliveries of a trail: while one has no bucket the other one goes on, and
// the status tells them apart. When the bucket is there, both have everything.
func TestDeadDeliveryHoldsNobodyBack(t *testing.T) {
	b := newBox(t, "")
	second := filepath.Join(b.dir, "mounted", "second")
	if err := os.WriteFile(filepath.Dir(second), nil, 0o600); err != nil { // no folder can be below a file
		t.Fatal(err)
	}
	b.configureTrails(fmt.Sprintf("trail \"all\" {\n  deliver \"file\" {\n    name = \"second\"\n    path = %q\n    roll { max_age = \"1s\" }\n  }\n  deliver \"file\" {\n    path = %q\n    roll { max_age = \"1s\" }\n  }\n}\n", second, b.archive()))
	b.write(1000)
	b.start()
	b.indexed()
	b.archived()
	s := b.trail("all")
	if len(s.Deliver) != 2 || s.State != api.TrailStatusStateFailing || s.LastError == "" {
		t.Fatalf("status is %+v", s)
	}
	if d := s.Deliver[0]; d.Name != "second" || d.State != api.DeliveryStateFailing || d.LastError == "" || d.Events != 0 {
		t.Errorf("the dead delivery is %+v", d)
	}
	if d := s.Deliver[1]; d.Name != "file" || d.State != api.DeliveryStateRunning || d.Events < 1000 || d.LastObject == "" {
		t.Errorf("the other one is %+v", d)
	}
	if err := os.Remove(filepath.Dir(second)); err != nil {
		t.Fatal(err)
	}
	realtest.Until(t, realtest.Patience, "both deliveries to run", func() bool { return b.trail("all").State == api.TrailStatusStateRunning })
	b.archivedIn(second)
}

// trail asks how a trail fares; the zero status while nobody answers.
func (b *box) trail(name string) (s api.TrailStatus) {
	if _, body := b.get("/api/v1/trails/"+name, nil); json.Unmarshal([]byte(body), &s) != nil {
		return api.TrailStatus{}
	}
	return s
}
