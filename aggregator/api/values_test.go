package api

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFieldValues(t *testing.T) {
	s, x := madeUpServer(6)
	for i, name := range []string{"alice", "bob", "bob", "carol", "carol", ""} {
		x.events[i].Identity.UserName, x.events[i].RequestParameters = name, ""
	}
	x.events[0].RequestParameters, x.events[1].RequestParameters = `{"InstanceId":"i-1"}`, `{"InstanceId":"i-1"}`
	h := s.Handler()
	for name, c := range map[string]struct {
		target string
		want   []ValueCount
	}{
		"most frequent first": {"/api/v1/fields/userIdentity.userName/values", []ValueCount{{2, "bob"}, {2, "carol"}, {1, "alice"}}},
		"limit":               {target("/api/v1/fields/userIdentity.userName/values", "limit", "1"), []ValueCount{{2, "bob"}}},
		"query":               {target("/api/v1/fields/userIdentity.userName/values", "query", "not userIdentity.userName: bob"), []ValueCount{{2, "carol"}, {1, "alice"}}},
		"range":               {target("/api/v1/fields/userIdentity.userName/values", "from", "now-2m"), []ValueCount{{1, "alice"}, {1, "bob"}}},
		"leaf of a body":      {"/api/v1/fields/requestParameters.InstanceId/values", []ValueCount{{2, "i-1"}}},
		"none":                {"/api/v1/fields/requestParameters.Nothing/values", []ValueCount{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := decode[FieldValues](t, get(t, h, c.target))
			if diff := cmp.Diff(c.want, got.Values); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
	// When nobody says how many: ten.
	for i := range x.events {
		x.events = append(x.events, x.events[i], x.events[i])
	}
	for i := range x.events {
		x.events[i].Identity.UserName = "user-" + string(rune('a'+i))
	}
	if got := decode[FieldValues](t, get(t, h, "/api/v1/fields/userIdentity.userName/values")); len(got.Values) != defaultValues || got.Field != "userIdentity.userName" {
		t.Errorf("%+v", got)
	}
	if got := get(t, h, "/api/v1/fields/userIdentity.userName/values", "Accept", "text/html"); got.status != http.StatusOK {
		t.Errorf("status %d", got.status)
	}
}
