package main

import (
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// Who searched for what is in the trail; what was sent in a parameter that does
// not exist is not, for it may be a token.
func TestAuditOfACall(t *testing.T) {
	e := callEvent(api.Call{Action: "SearchEvents", Status: 400, Parameters: map[string]string{"query": "eventRW: Write", "token": "hunter2"}, Problem: api.Problem{Title: "Bad request"}})
	if e.RequestParameters != `{"query":"eventRW: Write","token":"***"}` || e.ErrorCode != "HTTP.400" || e.RW != "Read" {
		t.Errorf("event is %s", e.AppendJSON(nil))
	}
}
