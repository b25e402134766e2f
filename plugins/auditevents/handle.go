package auditevents

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/push"
)

const (
	putPath    = "/PutAuditEvents"
	healthPath = "/healthz"
	// maxBody is that of the cloud.
	maxBody = 1 << 20
	// mostReading bodies are held at a time that are not in the queue yet.
	mostReading = 32
)

// problem is why a whole call is refused, as SDKs of AWS read it.
type problem struct {
	status  int
	code    string
	message string
}

func refuse(status int, code, message string) *problem { return &problem{status, code, message} }

func busy(message string) *problem {
	return refuse(http.StatusServiceUnavailable, "ServiceUnavailableException", message)
}

func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("X-Amzn-ErrorType", p.code)
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	answer(w, p.status, map[string]string{"message": p.message})
}

func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		status, text = http.StatusInternalServerError, nil // it has strings only
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone asks again
}

// ServeHTTP answers clients.
func (in *inlet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == healthPath && r.Method == http.MethodGet {
		fmt.Fprintln(w, "ok")
		return
	}
	a, p := in.put(http.NewResponseController(w), r)
	if p != nil {
		p.write(w)
		return
	}
	answer(w, http.StatusOK, a)
}

// put returns when the events of a call are durable, or are refused.
func (in *inlet) put(connection *http.ResponseController, r *http.Request) (*putAnswer, *problem) {
	switch {
	case r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != "":
		return nil, refuse(http.StatusForbidden, "AccessDeniedException", "a web page cannot put events")
	case r.URL.Path != putPath || r.Method != http.MethodPost:
		return nil, refuse(http.StatusNotFound, "UnsupportedOperationException", "only POST "+putPath+" is answered here")
	}
	s, p := signatureOf(r)
	if p != nil {
		return nil, p
	}
	keys, err := secrets(in.config.Keys)
	if err != nil {
		in.config.Log.Error("no client can be let in", "error", err)
		return nil, busy("the keys cannot be read at present")
	}
	secret, known := keys[s.key]
	if !known {
		return nil, refuse(http.StatusForbidden, "UnrecognizedClientException", "the access key is not known here")
	}
	body, p := in.body(connection, r)
	if p != nil {
		return nil, p
	}
	if p := s.check(r, body, secret, in.config.Now()); p != nil {
		return nil, p
	}
	c, p := in.channel(r)
	if p != nil {
		return nil, p
	}
	var req putRequest
	if err := json.Unmarshal(body, &req); err != nil {
		return nil, refuse(http.StatusBadRequest, "ValidationException", "the body is not that of PutAuditEvents: "+err.Error())
	}
	if p := checkIDs(req.AuditEvents); p != nil {
		return nil, p
	}
	return in.events(r.Context(), req.AuditEvents, c, s.key)
}

// body reads the body. Not all clients do so at a time: they bring megabytes before anything is known of them.
func (in *inlet) body(connection *http.ResponseController, r *http.Request) ([]byte, *problem) {
	select {
	case in.reading <- struct{}{}:
		defer func() { <-in.reading }()
	case <-r.Context().Done():
		return nil, busy("the client left")
	}
	if r.ContentLength > maxBody {
		return nil, refuse(http.StatusBadRequest, "ValidationException", "a call has more than 1 MiB")
	}
	if err := connection.SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil {
		return nil, busy(err.Error())
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, refuse(http.StatusRequestTimeout, "RequestTimeoutException", "the body cannot be read: "+err.Error())
	}
	if len(body) > maxBody {
		return nil, refuse(http.StatusBadRequest, "ValidationException", "a call has more than 1 MiB")
	}
	if err := connection.SetReadDeadline(time.Time{}); err != nil { // it would end a call that waits, too
		return nil, busy(err.Error())
	}
	return body, nil
}

// channel is where the events of a call belong.
type channel struct{ arn, external string }

func (in *inlet) channel(r *http.Request) (channel, *problem) {
	q := r.URL.Query()
	c := channel{q.Get("channelArn"), q.Get("externalId")}
	switch {
	case !strings.HasPrefix(c.arn, "arn:") || len(c.arn) > 256:
		return c, refuse(http.StatusBadRequest, "InvalidChannelARN", fmt.Sprintf("channelArn %q is no ARN", c.arn))
	case len(in.config.Channels) > 0 && !slices.Contains(in.config.Channels, c.arn):
		return c, refuse(http.StatusNotFound, "ChannelNotFound", fmt.Sprintf("there is no channel %q", c.arn))
	case c.external != "" && (len(c.external) < 2 || len(c.external) > 1224 || !regexp.MustCompile(`^[\w+=,.@:/-]+$`).MatchString(c.external)):
		return c, refuse(http.StatusBadRequest, "ValidationException", "externalId has 2 to 1224 letters, digits and +=,.@:/_-")
	}
	return c, nil
}

func checkIDs(events []auditEvent) *problem {
	if len(events) == 0 || len(events) > mostEvents {
		return refuse(http.StatusBadRequest, "ValidationException", fmt.Sprintf("auditEvents has %d elements, and 1 to %d can be put", len(events), mostEvents))
	}
	right, twice := ids(), map[string]bool{}
	for i := range events {
		id := events[i].ID
		if !right.MatchString(id) {
			return refuse(http.StatusBadRequest, "ValidationException", fmt.Sprintf("the id of auditEvents[%d] is not 1 to 128 letters, digits, - and _", i))
		}
		if twice[id] {
			return refuse(http.StatusBadRequest, "DuplicatedAuditEventId", fmt.Sprintf("the id %q is in the call twice", id))
		}
		twice[id] = true
	}
	return nil
}

// events brings those of a call that did not come before, and waits for all that can be durable.
func (in *inlet) events(ctx context.Context, events []auditEvent, ch channel, key string) (*putAnswer, *problem) {
	a := &putAnswer{Successful: []success{}, Failed: []failure{}}
	own := &call{done: make(chan struct{})}
	var items []push.Item
	waits := map[*call]bool{}
	in.seen.mu.Lock()
	for i := range events {
		e := &events[i]
		data, failed := record(e, ch.arn, ch.external)
		id, content := hashID(ch.arn, e.ID), hashData(e.Data)
		was := in.seen.ids[id]
		switch {
		case failed != nil:
			a.Failed = append(a.Failed, *failed)
			continue
		case was != nil && was.data != content:
			a.Failed = append(a.Failed, failure{e.ID, duplicateID, "this id came before, with other eventData: give every event an id of its own"})
			continue
		case was != nil:
			waits[was.call] = true
		default:
			own.ids, own.data = append(own.ids, id), append(own.data, content)
			in.seen.ids[id] = &known{content, own}
			items = append(items, push.Item{Data: data, File: key})
		}
		a.Successful = append(a.Successful, success{e.ID, eventID(ch.arn, e.ID)})
	}
	in.seen.mu.Unlock()
	if len(items) > 0 {
		if p := in.bring(ctx, own, items); p != nil {
			return nil, p
		}
		waits[own] = true
	}
	for c := range waits {
		if c.done == nil {
			continue
		}
		select {
		case <-c.done:
			if c.err != nil {
				return nil, busy("the events could not be made durable: " + c.err.Error())
			}
		case <-ctx.Done():
			return nil, busy("the client left")
		}
	}
	return a, nil
}

// bring queues the events of a call, and sees to it that its end is told, whoever waits for it.
func (in *inlet) bring(ctx context.Context, c *call, items []push.Item) *problem {
	patience, cancel := context.WithTimeout(ctx, in.config.Wait)
	defer cancel()
	t, err := in.queue.Put(patience, items, func(n int) plugins.Cursor { return in.seen.took(c, n) })
	if err != nil {
		in.end(c, err)
		return busy("events that are not durable yet fill max_inflight, or the agent stops")
	}
	in.running.Go(func() {
		late := time.NewTimer(in.config.Wait)
		defer late.Stop()
		select {
		case <-t.Done():
		case <-late.C:
			in.queue.Withdraw(t) // if nothing of it was taken in time
			<-t.Done()
		}
		in.end(c, t.Err())
	})
	return nil
}

func (in *inlet) end(c *call, err error) {
	if err != nil {
		in.seen.forget(c)
	}
	c.err = err
	close(c.done)
}
