package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/event"
)

func TestGetProof(t *testing.T) {
	const proof = `{"format":"actiontrail proof","version":1,"event":{"line":%q,"object":"","index":0,"path":[]},"seal":{"text":%q,"path":[]},"checkpoint":""}`
	s, x := madeUpServer(3)
	get(t, s.Handler(), "/api/v1/events/"+x.events[1].ID+"/proof").problem(t, http.StatusNotImplemented)
	s.Prove = func(_ context.Context, trail string, e *event.Event) ([]byte, error) {
		switch trail {
		case "none":
			return nil, fmt.Errorf("trail: %w", archive.ErrNoEvent)
		case "young":
			return nil, fmt.Errorf("trail: %w", archive.ErrUncovered)
		case "broken":
			return nil, errors.New("the bucket is away")
		}
		return fmt.Appendf(nil, proof, e.ID, trail), nil
	}
	h := s.Handler()
	if got := get(t, h, "/api/v1/events/"+x.events[1].ID+"/proof?trail=all"); got.status != http.StatusOK || string(got.body) != fmt.Sprintf(proof, x.events[1].ID, "all") {
		t.Errorf("%d %s", got.status, got.body)
	}
	get(t, h, "/api/v1/events/none/proof").problem(t, http.StatusNotFound)
	for trail, status := range map[string]int{"none": http.StatusNotFound, "young": http.StatusNotFound, "broken": http.StatusInternalServerError} {
		get(t, h, "/api/v1/events/"+x.events[1].ID+"/proof?trail="+trail).problem(t, status)
	}
}
