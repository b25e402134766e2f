package elasticsearch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/event/render"
)

const (
	// tries is how often a chunk is sent, with a pause in between, before Write gives up and its caller waits longer.
	tries     = 6
	firstWait = 100 * time.Millisecond
	// usualSize is about what an event takes in a request.
	usualSize = 2048
	// maxIDBytes is how long an id may be to stand in _id itself, which has 512 bytes at most.
	maxIDBytes = 400
)

// chunk is the body of a request, and what its items are.
type chunk struct {
	body  []byte
	items []item
}

// item is an event of a chunk.
type item struct {
	end   int // of its lines in the body
	index string
	event int // its number in Write
}

func newChunk(events int) *chunk { return &chunk{body: make([]byte, 0, min(events, 2048)*usualSize)} }

func (c *chunk) add(f render.Format, index string, number int, e *event.Event) {
	c.body = append(c.body, `{"create":{"_index":"`...)
	c.body = append(c.body, index...)
	c.body = append(c.body, `","_id":`...)
	c.body = event.AppendString(c.body, documentID(e.ID))
	c.body = append(c.body, "}}\n"...)
	c.body = append(f.Append(c.body, e), '\n')
	c.items = append(c.items, item{len(c.body), index, number})
}

// documentID is the id of an event, or what stands for a long one.
func documentID(id string) string {
	if len(id) <= maxIDBytes {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256-" + hex.EncodeToString(sum[:])
}

// part is a chunk of some of the items, which are in order.
func (c *chunk) part(items []int) *chunk {
	p := &chunk{}
	for _, i := range items {
		from := 0
		if i > 0 {
			from = c.items[i-1].end
		}
		it := c.items[i]
		p.body = append(p.body, c.body[from:it.end]...)
		it.end = len(p.body)
		p.items = append(p.items, it)
	}
	return p
}

// send has the events of a chunk stored. What the cluster has no room for now is sent
// again, that alone, after a while; what it will never take is refused.
func (s *Sink) send(ctx context.Context, c *chunk, refused map[int]error) error {
	wait := s.wait
	for try := 1; len(c.items) > 0; try++ {
		left, err := s.sendOnce(ctx, c, refused)
		switch {
		case isStatus(err, http.StatusRequestEntityTooLarge, "") && len(c.items) == 1:
			refused[c.items[0].event] = fmt.Errorf("the event has %d bytes: more than the cluster takes in one request (http.max_content_length, or a proxy before it)", len(c.body))
			return nil
		case isStatus(err, http.StatusRequestEntityTooLarge, ""):
			all := make([]int, len(c.items))
			for i := range all {
				all[i] = i
			}
			if err := s.send(ctx, c.part(all[:len(all)/2]), refused); err != nil {
				return err
			}
			return s.send(ctx, c.part(all[len(all)/2:]), refused)
		case err != nil && left == nil && !isStatus(err, http.StatusTooManyRequests, ""), err != nil && try == tries:
			return err
		case err == nil:
			return nil
		}
		if left != nil {
			c = c.part(left)
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
		wait *= 2
	}
	return nil
}

// sendOnce sends a chunk. With an error, left are the items that are to be sent again, after a
// while; nil: all of them, and waiting may not help.
func (s *Sink) sendOnce(ctx context.Context, c *chunk, refused map[int]error) (left []int, err error) {
	data, _, err := s.do(ctx, http.MethodPost, "/_bulk?filter_path=errors,items.*.status,items.*._index,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason", c.body)
	if err != nil {
		return nil, err
	}
	answers, err := parseBulk(data, len(c.items))
	if err != nil {
		return nil, err
	}
	for i, a := range answers {
		it := &c.items[i]
		switch {
		case a.Status == http.StatusConflict:
		case a.Status == http.StatusOK || a.Status == http.StatusCreated:
			if a.Index != it.index {
				return nil, elsewhere(it.index, a.Index)
			}
		case a.refuses():
			refused[it.event] = errors.New(a.why())
		default:
			if a.Status == http.StatusNotFound {
				delete(s.known, it.index) // somebody has removed it
			}
			left = append(left, i)
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	first := left[0]
	return left, fmt.Errorf("%d of %d events are not taken yet, the first one by index %s: %s", len(left), len(c.items), c.items[first].index, answers[first].why())
}

// elsewhere is the error of a name that leads to another index.
func elsewhere(name string, leads ...string) error {
	return fmt.Errorf("%s is an alias or a data stream, which leads to %v: ids are unique in one index only, so that events would be there twice after it leads elsewhere; take another name for the index, and a template without data_stream", name, leads)
}

// answer is what is told of an item.
type answer struct {
	Index  string   `json:"_index"`
	Status int      `json:"status"`
	Error  *failure `json:"error"`
}

// notOfTheEvent are errors of 400 that tell of the index, not of the event.
func notOfTheEvent() []string {
	return []string{"index_closed_exception", "invalid_index_name_exception", "cluster_block_exception", "illegal_state_exception", "index_not_found_exception", "validation_exception", "routing_missing_exception"}
}

// refuses tells whether the document will never be taken.
func (a *answer) refuses() bool {
	return a.Status == http.StatusRequestEntityTooLarge || a.Status == http.StatusBadRequest && !slices.Contains(notOfTheEvent(), a.kind())
}

func (a *answer) kind() string {
	if a.Error == nil {
		return http.StatusText(a.Status)
	}
	return a.Error.Type
}

func (a *answer) reason() string {
	if a.Error == nil {
		return ""
	}
	return a.Error.told()
}

func (a *answer) why() string { return (&statusError{a.Status, a.kind(), a.reason()}).Error() }

// parseBulk reads the answer to a request of n items.
func parseBulk(data []byte, n int) ([]answer, error) {
	var body struct {
		Errors *bool `json:"errors"`
		Items  []struct {
			Create *answer `json:"create"`
		} `json:"items"`
	}
	if err := json.Unmarshal(data, &body); err != nil {
		return nil, fmt.Errorf("the answer is not that of Elasticsearch or OpenSearch: %w", err)
	}
	if body.Errors == nil || len(body.Items) != n {
		return nil, fmt.Errorf("the answer is for %d of %d events: what answers is not Elasticsearch or OpenSearch", len(body.Items), n)
	}
	all := make([]answer, n)
	for i, it := range body.Items {
		if it.Create == nil || it.Create.Status == 0 {
			return nil, fmt.Errorf("the answer says nothing of event %d of %d", i+1, n)
		}
		all[i] = *it.Create
	}
	return all, nil
}
