package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/internal/realtest"
)

// An archive is checked on demand while it is written, and what is found outlives
// the process.
func TestVerifyOnDemand(t *testing.T) {
	b := newBox(t, "")
	b.configureTrails("trail \"all\" {\n  deliver \"file\" {\n    path = \"" + b.archive() + "\"\n    roll {\n      max_age = \"1s\"\n    }\n  }\n}\n")
	b.start()
	if v := b.verifications(http.MethodGet); v.State != api.VerificationStateNever {
		t.Errorf("before any check: %+v", v)
	}
	b.write(500)
	b.allArchived(b.archive())
	checked := func() api.Verification {
		t.Helper()
		b.verifications(http.MethodPost)
		var v api.Verification
		realtest.Until(t, realtest.Patience, "the check to end", func() bool {
			v = b.verifications(http.MethodGet)
			return v.State != api.VerificationStateRunning
		})
		return v
	}
	if v := checked(); v.State != api.VerificationStateSound || v.Seals == 0 || v.Events < 500 || v.Ended.Before(v.Began) || v.Head == "" {
		t.Errorf("a sound archive: %+v", v)
	}
	b.server.Kill()
	b.start()
	if v := b.verifications(http.MethodGet); v.State != api.VerificationStateSound {
		t.Errorf("after a restart: %+v", v)
	}
	last := archive.SealKey(b.trail("all").Deliver[0].CheckpointSeals - 1)
	if err := os.Remove(filepath.Join(b.archive(), last)); err != nil {
		t.Fatal(err)
	}
	v := checked()
	if v.State != api.VerificationStateDamaged || v.ProblemCount == 0 || len(v.Problems) != v.ProblemCount {
		t.Errorf("an archive without one of its seals: %+v", v)
	}
	realtest.Until(t, realtest.Patience, "the audit to tell", func() bool {
		return b.total("eventName: TrailVerified and errorCode: ArchiveDamaged") == 1 && b.total("eventName: TrailVerified") == 2
	})
}

// verifications calls for the last check of the trail all, or for a new one.
func (b *box) verifications(method string) api.Verification {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, "http://"+b.addr+"/api/v1/trails/all/verify", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	var list api.VerificationList
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil || len(list.Verifications) != 1 {
		b.t.Fatalf("%s is answered %s: %+v, %v", method, resp.Status, list, err)
	}
	return list.Verifications[0]
}
