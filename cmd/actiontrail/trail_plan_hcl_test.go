package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// What is planned from its block is checked as it would be if it were kept, and
// nothing comes of it.
func TestPlanOfABlock(t *testing.T) {
	b := newBox(t, "")
	b.start()
	folder := filepath.Join(b.dir, "made")
	block := fmt.Sprintf("trail \"made\" {\n  where    = \"sourceIpAddress: *\"\n  event_rw = \"Write\"\n  deliver \"file\" {\n    path = %q\n  }\n}\n", folder)
	for _, plan := range []struct {
		hcl    string
		status int
		says   string
	}{
		{block, http.StatusOK, `eventRW: Write`},
		{strings.Replace(block, "sourceIpAddress", "sauceIpAddress", 1), http.StatusBadRequest, "made.hcl:2:"},
		{strings.Replace(block, `"made"`, `"../made"`, 1), http.StatusBadRequest, "it is not a name"},
		{"nothing", http.StatusBadRequest, "line 1"},
		{strings.Replace(block, folder, b.archive(), 1), http.StatusBadRequest, "two deliveries go into"},
	} {
		body, err := json.Marshal(api.PlanRequest{Trails: []api.PlannedTrail{}, Hcl: plan.hcl})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+b.addr+"/api/v1/trails/plan", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != plan.status || !strings.Contains(string(text), plan.says) {
			t.Errorf("the plan of %s is answered with %d: %s, want %d and %s", plan.hcl, answer.StatusCode, text, plan.status, plan.says)
		}
	}
}
