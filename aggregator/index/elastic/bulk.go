package elastic

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/actiontrail/actiontrail/aggregator/index"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/internal/backoff"
)

// chunk is the body of a bulk request, and what its items are.
type chunk struct {
	body  []byte
	items []item
	all   int // items that there were at first
}

// usualSize is what an event takes in a bulk request, rather more than less: a body
// that must grow is copied.
const usualSize = 4096

// newChunk is an empty chunk with room for as many events.
func newChunk(events int) *chunk {
	return &chunk{body: make([]byte, 0, min(events*usualSize, chunkBytes+64<<10)), items: make([]item, 0, min(events, 2*chunkBytes/usualSize))}
}

// item is an event of a chunk.
type item struct {
	end   int // of its lines in the body
	index string
	batch *event.Batch
	event *event.Event
	safe  bool // it stands there as a safe document
}

// add adds an event.
func (c *chunk) add(d *documents, name string, b *event.Batch, e *event.Event, safe bool) {
	c.body = append(c.body, `{"create":{"_index":"`...)
	c.body = append(c.body, name...)
	c.body = append(c.body, `","_id":`...)
	c.body = documentID(c.body, e.ID, e.Time.Nanos)
	c.body = append(c.body, '}', '}', '\n')
	c.body = append(d.append(c.body, e, safe), '\n')
	c.items = append(c.items, item{len(c.body), name, b, e, safe})
	c.all++
}

// keep drops all items but these, which are in order.
func (c *chunk) keep(left []int) {
	var body []byte
	items := make([]item, 0, len(left))
	for _, i := range left {
		from := 0
		if i > 0 {
			from = c.items[i-1].end
		}
		it := c.items[i]
		body = append(body, c.body[from:it.end]...)
		it.end = len(body)
		items = append(items, it)
	}
	c.body, c.items = body, items
}

// halves are the two halves of a chunk of two items or more.
func (c *chunk) halves() (a, b *chunk) {
	n := len(c.items) / 2
	at := c.items[n-1].end
	a = &chunk{body: c.body[:at:at], items: c.items[:n:n], all: n}
	b = &chunk{body: c.body[at:], items: append([]item(nil), c.items[n:]...), all: len(c.items) - n}
	for i := range b.items {
		b.items[i].end -= at
	}
	return a, b
}

// bulkItem is the answer to one item.
type bulkItem struct {
	Status int      `json:"status"`
	Error  *failure `json:"error"`
}

type bulkAnswer struct {
	Errors *bool `json:"errors"`
	Items  []struct {
		Create bulkItem `json:"create"`
	} `json:"items"`
}

// bulkFilter leaves out of the answer what is not looked at.
func bulkFilter() []string {
	return []string{"errors", "items.*.status", "items.*.error.type", "items.*.error.reason", "items.*.error.caused_by.reason"}
}

// tries is how often a chunk is sent before Write gives up, and the follower begins
// again from the position: about 10 seconds.
const tries = 8

// send has the events of a chunk stored, or tells why they are not. Items that
// the cluster has no room for now are sent again, those alone, after a while.
func (x *Index) send(ctx context.Context, c *chunk) error {
	wait := backoff.First
	for try := 1; ; try++ {
		err := x.sendOnce(ctx, c)
		if err == nil && len(c.items) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var s *statusError
		switch {
		case errors.As(err, &s) && s.status == http.StatusRequestEntityTooLarge && len(c.items) > 1:
			a, b := c.halves()
			if err := x.send(ctx, a); err != nil {
				return err
			}
			return x.send(ctx, b)
		case errors.As(err, &s) && s.status == http.StatusRequestEntityTooLarge:
			return x.refuse(c, 0, failure{Type: s.kind, Reason: "the event is larger than what elasticsearch takes at once"})
		case errors.As(err, &s) && s.status < 500 && s.status != http.StatusTooManyRequests:
			return err // no retry will mend it
		}
		if try == tries {
			return gaveUp(c, err)
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
		wait = min(2*wait, backoff.Longest)
	}
}

// sendOnce sends a chunk and keeps in it what is to be sent again. An error tells
// why: of the request, or of the first item.
func (x *Index) sendOnce(ctx context.Context, c *chunk) error {
	var answer bulkAnswer
	if err := x.client.do(ctx, esapi.BulkRequest{Body: bytes.NewReader(c.body), FilterPath: bulkFilter()}, &answer); err != nil {
		return err
	}
	if answer.Errors == nil || len(answer.Items) != len(c.items) {
		return fmt.Errorf("elasticsearch answers for %d of %d events", len(answer.Items), len(c.items))
	}
	var left []int
	var first error
	var unsafe []item
	for i, a := range answer.Items {
		switch s := a.Create.Status; {
		case s == http.StatusCreated || s == http.StatusOK || s == http.StatusConflict:
			continue
		case s == http.StatusBadRequest && !c.items[i].safe:
			unsafe = append(unsafe, c.items[i])
			continue
		case s == http.StatusBadRequest:
			if err := x.refuse(c, i, errorOf(a.Create)); err != nil {
				return err
			}
			continue
		case s == http.StatusNotFound: // somebody has deleted the index
			if err := x.makeAgain(ctx, c.items[i].index); err != nil {
				return err
			}
		}
		left = append(left, i)
		if first == nil {
			first = &statusError{a.Create.Status, errorOf(a.Create).Type, errorOf(a.Create).Reason}
		}
	}
	c.keep(left)
	for _, it := range unsafe { // something in the event is misread: once more, with less of it to read
		var d documents
		all := c.all
		c.add(&d, it.index, it.batch, it.event, true)
		c.all = all
	}
	if first == nil && len(unsafe) > 0 {
		return x.sendOnce(ctx, c)
	}
	return retryable(first)
}

// retryable hides the status of an item, so that send does not take it for that of the request.
func retryable(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(err.Error())
}

func errorOf(b bulkItem) failure {
	if b.Error == nil {
		return failure{Type: http.StatusText(b.Status), Reason: "no reason is given"}
	}
	return *b.Error
}

// makeAgain makes an index that was deleted from outside.
func (x *Index) makeAgain(ctx context.Context, name string) error {
	s, ok := parseSlice(x.cfg.Prefix, name)
	if !ok {
		return fmt.Errorf("index %s is not one of ours", name)
	}
	return x.makeIndex(ctx, s)
}

// refuse gives an event away that cannot be stored.
func (x *Index) refuse(c *chunk, i int, why failure) error {
	it := c.items[i]
	if x.cfg.Refused == nil {
		return fmt.Errorf("elasticsearch does not take event %s: %s", it.event.ID, why)
	}
	r := index.Refused{Seq: it.batch.Seq, Lane: it.batch.Lane, ID: it.event.ID, Event: it.event.AppendJSON(nil), Reason: why.String()}
	if err := x.cfg.Refused(r); err != nil {
		return fmt.Errorf("keep event %s, which elasticsearch does not take: %w", it.event.ID, err)
	}
	return nil
}
