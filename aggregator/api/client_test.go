package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestClient is the generated client against the generated routes, over a connection.
func TestClient(t *testing.T) {
	s, x := madeUpServer(20)
	s.Tokens = oneToken(testToken)
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	c := must(NewClientWithResponses(server.URL, WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+testToken)
		return nil
	})))(t)
	limit := 3
	first := must(c.SearchEventsWithResponse(t.Context(), &SearchEventsParams{Query: "eventName: *", Limit: &limit, Sort: SearchEventsParamsSortDesc}))(t)
	if first.JSON200 == nil || len(first.JSON200.Events) != 3 || first.JSON200.Total != 20 {
		t.Fatalf("status %d: %s", first.StatusCode(), first.Body)
	}
	second := must(c.SearchEventsWithResponse(t.Context(), &SearchEventsParams{Query: "eventName: *", Limit: &limit, Cursor: first.JSON200.Cursor}))(t)
	if second.JSON200 == nil || ids(t, second.JSON200.Events)[0] != x.events[3].ID {
		t.Errorf("status %d: %s", second.StatusCode(), second.Body)
	}
	wrong := must(c.SearchEventsWithResponse(t.Context(), &SearchEventsParams{Query: ")"}))(t)
	if p := wrong.ApplicationproblemJSONDefault; p == nil || p.Position == nil || *p.Position != 0 || p.Parameter != "query" {
		t.Errorf("status %d: %s", wrong.StatusCode(), wrong.Body)
	}
	if r := must(c.GetEventWithResponse(t.Context(), x.events[7].ID))(t); r.JSON200 == nil {
		t.Errorf("status %d: %s", r.StatusCode(), r.Body)
	}
	if r := must(c.GetHistogramWithResponse(t.Context(), &GetHistogramParams{From: "now-1h", Interval: "5m"}))(t); r.JSON200 == nil || r.JSON200.Total != 20 {
		t.Errorf("status %d: %s", r.StatusCode(), r.Body)
	}
	if r := must(c.ListFieldValuesWithResponse(t.Context(), "requestParameters.InstanceId", &ListFieldValuesParams{Limit: &limit}))(t); r.JSON200 == nil || len(r.JSON200.Values) != 3 {
		t.Errorf("status %d: %s", r.StatusCode(), r.Body)
	}
	if r := must(c.GetTrailWithResponse(t.Context(), "security", &GetTrailParams{}))(t); r.JSON200 == nil || r.JSON200.State != TrailStatusStateFailing {
		t.Errorf("status %d: %s", r.StatusCode(), r.Body)
	}
	if r := must(c.GetStatusWithResponse(t.Context()))(t); r.JSON200 == nil || r.JSON200.Account != "prod" {
		t.Errorf("status %d: %s", r.StatusCode(), r.Body)
	}
	if r := must(c.GetReadinessWithResponse(t.Context()))(t); r.StatusCode() != http.StatusOK {
		t.Errorf("status %d", r.StatusCode())
	}
}
