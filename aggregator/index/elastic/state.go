package elastic

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/actiontrail/actiontrail/event"
)

// state is what the small index PREFIX_state holds beside the position. The
// position stands there as a head, a document for each lane as it was at some
// number of the journal, and the journal: a document for each Write since the head.
type state struct {
	writer string // of this process's journal documents
	next   uint64 // number of the next journal document
	first  uint64 // of the oldest one that is there
	// classes are the definitions that the indices were filled by, and elder those
	// indices that were filled by others: an event may stand in one of them that
	// belongs elsewhere now.
	classes string
	elder   []string
	// shared are the indices of whose time events stand in the other index of the
	// class, too, as that time was far off when they came.
	shared  []string
	changed map[event.Lane]bool
	// held are head and lanes as they were read or written here, by document id: who was
	// overtaken by another aggregator must not put older ones over its.
	held map[string]revision
}

// revision tells one state of a document from the next.
type revision struct {
	Number int64 `json:"_seq_no"`
	Term   int64 `json:"_primary_term"`
}

// foldAfter is how many journal documents there may be before they become part of head and lanes.
const foldAfter = 200

type headDocument struct {
	Kind    string `json:"kind"` // head
	Journal uint64 `json:"n"`    // lanes are at least as far as this one
	Seq     uint64 `json:"seq"`
	// Floors are the times before which the events of a class are expired.
	Floors  map[string]int64 `json:"floors,omitempty"`
	Classes string           `json:"classes,omitempty"`
	Elder   []string         `json:"elder,omitempty"`
	Shared  []string         `json:"shared,omitempty"`
}

type laneDocument struct {
	Kind     string          `json:"kind"` // lane
	Name     string          `json:"name"` // to page by
	Position json.RawMessage `json:"position"`
}

type journalDocument struct {
	Kind    string          `json:"kind"` // journal
	Number  uint64          `json:"n"`
	Writer  string          `json:"writer"`
	Seq     uint64          `json:"seq"` // of the last batch
	Lanes   []event.Lane    `json:"lanes"`
	Batches []batchDocument `json:"batches"`
}

// batchDocument is of a batch what moves a position.
type batchDocument struct {
	Lane     int        `json:"lane"` // in the lanes of its journal document
	Number   uint64     `json:"number"`
	Hash     event.Hash `json:"hash"`
	Snapshot bool       `json:"snapshot,omitempty"`
	Seq      uint64     `json:"seq"`
}

func (x *Index) stateIndex() string { return x.cfg.Prefix + "_state" }

// loadState reads the position, and makes the small index when it is missing.
func (x *Index) loadState(ctx context.Context) (event.Position, error) {
	var at event.Position
	name := x.stateIndex()
	b, err := body(object{
		"settings": object{"index": object{"number_of_shards": 1, "number_of_replicas": x.cfg.Replicas, "refresh_interval": "-1"}},
		"mappings": object{"dynamic": false, "_meta": object{"actiontrail": 1}, "properties": object{
			"kind": object{"type": "keyword"}, "n": object{"type": "long"}, "name": object{"type": "keyword"}}},
	})
	if err != nil {
		return at, err
	}
	err = x.client.do(ctx, esapi.IndicesCreateRequest{Index: name, Body: b}, nil)
	if err != nil && !isKind(err, "resource_already_exists_exception") {
		return at, err
	}
	if err := x.client.do(ctx, esapi.IndicesRefreshRequest{Index: []string{name}}, nil); err != nil {
		return at, err
	}
	var head struct {
		Source headDocument `json:"_source"`
		Found  bool         `json:"found"`
		revision
	}
	if err := x.client.do(ctx, esapi.GetRequest{Index: name, DocumentID: "head"}, &head); err != nil && !isStatus(err, http.StatusNotFound) {
		return at, err
	}
	at.Seq = head.Source.Seq
	held := map[string]revision{}
	if head.Found {
		held[headID] = head.revision
	}
	if err := x.loadLanes(ctx, &at, held); err != nil {
		return at, err
	}
	next, err := x.loadJournal(ctx, head.Source.Journal+1, &at)
	if err != nil {
		return at, err
	}
	writer := make([]byte, 16)
	if _, err := rand.Read(writer); err != nil {
		return at, err
	}
	x.state = state{writer: hex.EncodeToString(writer), next: next, first: head.Source.Journal + 1,
		classes: head.Source.Classes, elder: head.Source.Elder, shared: head.Source.Shared, changed: map[event.Lane]bool{}, held: held}
	x.mu.Lock()
	x.floors = head.Source.Floors
	x.mu.Unlock()
	for lane := range at.Lanes { // which of them changed since the head is not known
		x.state.changed[lane] = true
	}
	return at, nil
}

// headID is the id of the head.
const headID = "head"

// statePage is how many documents of the small index are read at once. That of a lane has about 5 KB.
const statePage = 500

func (x *Index) loadLanes(ctx context.Context, at *event.Position, held map[string]revision) error {
	at.Lanes = map[event.Lane]event.LanePosition{}
	for after := ""; ; {
		var page struct {
			Hits struct {
				Hits []struct {
					ID     string       `json:"_id"`
					Source laneDocument `json:"_source"`
					revision
				} `json:"hits"`
			} `json:"hits"`
		}
		request := object{"size": statePage, "seq_no_primary_term": true, "query": object{"term": object{"kind": "lane"}}, "sort": []object{{"name": "asc"}}}
		if after != "" {
			request["search_after"] = []string{after}
		}
		if err := x.searchState(ctx, request, &page); err != nil {
			return err
		}
		for _, h := range page.Hits.Hits {
			var one event.Position
			if err := json.Unmarshal(h.Source.Position, &one); err != nil {
				return fmt.Errorf("lane %s: %w", h.Source.Name, err)
			}
			for lane, p := range one.Lanes {
				at.Lanes[lane] = p
			}
			held[h.ID] = h.revision
			after = h.Source.Name
		}
		if len(page.Hits.Hits) < statePage {
			return nil
		}
	}
}

// loadJournal takes the documents from this one on; it returns the number of the next one.
func (x *Index) loadJournal(ctx context.Context, from uint64, at *event.Position) (uint64, error) {
	for next := from; ; {
		var page struct {
			Hits struct {
				Hits []struct {
					Source journalDocument `json:"_source"`
				} `json:"hits"`
			} `json:"hits"`
		}
		request := object{"size": statePage, "sort": []object{{"n": "asc"}},
			"query": object{"bool": object{"filter": []object{{"term": object{"kind": "journal"}}, {"range": object{"n": object{"gte": next}}}}}}}
		if err := x.searchState(ctx, request, &page); err != nil {
			return next, err
		}
		for _, h := range page.Hits.Hits {
			j := h.Source
			if j.Number != next {
				return next, fmt.Errorf("the journal of %s lacks document %d", x.stateIndex(), next)
			}
			if err := j.advance(at); err != nil {
				return next, err
			}
			next++
		}
		if len(page.Hits.Hits) < statePage {
			return next, nil
		}
	}
}

// advance moves a position past what was written. A lane may be further already.
func (j *journalDocument) advance(at *event.Position) error {
	for _, b := range j.Batches {
		if b.Lane < 0 || b.Lane >= len(j.Lanes) {
			return fmt.Errorf("journal document %d has no lane %d", j.Number, b.Lane)
		}
		if lane := j.Lanes[b.Lane]; b.Number > at.Lanes[lane].Number {
			at.Advance(&event.Batch{Lane: lane, Number: b.Number, Hash: b.Hash, Snapshot: b.Snapshot, Seq: b.Seq})
		}
	}
	at.Seq = max(at.Seq, j.Seq)
	return nil
}

func (x *Index) searchState(ctx context.Context, request object, answer any) error {
	b, err := body(request)
	if err != nil {
		return err
	}
	whole := false
	return x.client.do(ctx, esapi.SearchRequest{Index: []string{x.stateIndex()}, Body: b, AllowPartialSearchResults: &whole}, answer)
}

// journal makes the position durable that batches lead to: one document, so all or nothing.
func (x *Index) journal(ctx context.Context, batches []event.Batch) error {
	j := journalDocument{Kind: "journal", Number: x.state.next, Writer: x.state.writer, Lanes: []event.Lane{}, Batches: make([]batchDocument, len(batches))}
	places := map[event.Lane]int{}
	for i := range batches {
		b := &batches[i]
		at, ok := places[b.Lane]
		if !ok {
			at = len(j.Lanes)
			places[b.Lane] = at
			j.Lanes = append(j.Lanes, b.Lane)
		}
		j.Batches[i] = batchDocument{at, b.Number, b.Hash, b.Snapshot, b.Seq}
		j.Seq = max(j.Seq, b.Seq)
	}
	b, err := body(j)
	if err != nil {
		return err
	}
	err = x.client.do(ctx, esapi.CreateRequest{Index: x.stateIndex(), DocumentID: "journal-" + strconv.FormatUint(j.Number, 10), Body: b}, nil)
	if isStatus(err, http.StatusConflict) {
		return fmt.Errorf("document %d of the journal in %s is there already: either an answer got lost, and the position is read again, or two aggregators write to one index", j.Number, x.stateIndex())
	}
	if err != nil {
		return err
	}
	x.state.next++
	for _, lane := range j.Lanes {
		x.state.changed[lane] = true
	}
	return nil
}

// fold writes head and lanes anew, and removes the journal before them. Cut
// short anywhere, what is there gives the same position. Head and lanes are written
// only over those that are known here: an aggregator that was halted, and overtaken
// by another one, fails.
func (x *Index) fold(ctx context.Context) error {
	err := x.foldNow(ctx)
	if err != nil { // what is there now is to be asked for
		x.mu.Lock()
		x.ready = false
		x.mu.Unlock()
	}
	return err
}

func (x *Index) foldNow(ctx context.Context) error {
	last := x.state.next - 1
	x.mu.Lock()
	at, floors := x.position, x.floors
	x.mu.Unlock()
	var b bytes.Buffer
	for lane := range x.state.changed {
		one := event.Position{Lanes: map[event.Lane]event.LanePosition{lane: at.Lanes[lane]}}
		position, err := json.Marshal(one)
		if err != nil {
			return err
		}
		name := laneName(lane)
		doc, err := json.Marshal(laneDocument{"lane", name, position})
		if err != nil {
			return err
		}
		id := "lane-" + name
		if r, there := x.state.held[id]; there {
			fmt.Fprintf(&b, "{\"index\":{\"_id\":%q,\"if_seq_no\":%d,\"if_primary_term\":%d}}\n%s\n", id, r.Number, r.Term, doc)
		} else {
			fmt.Fprintf(&b, "{\"create\":{\"_id\":%q}}\n%s\n", id, doc)
		}
		if b.Len() >= chunkBytes {
			if err := x.bulkState(ctx, &b); err != nil {
				return err
			}
		}
	}
	if err := x.bulkState(ctx, &b); err != nil {
		return err
	}
	if err := x.writeHead(ctx, headDocument{"head", last, at.Seq, floors, x.state.classes, x.state.elder, x.state.shared}); err != nil {
		return err
	}
	clear(x.state.changed)
	for n := x.state.first; n <= last; n++ {
		fmt.Fprintf(&b, "{\"delete\":{\"_id\":\"journal-%d\"}}\n", n)
	}
	if err := x.bulkState(ctx, &b); err != nil {
		return err
	}
	x.state.first = last + 1
	return nil
}

func (x *Index) writeHead(ctx context.Context, head headDocument) error {
	b, err := body(head)
	if err != nil {
		return err
	}
	request := esapi.IndexRequest{Index: x.stateIndex(), DocumentID: headID, Body: b, OpType: "create"}
	if r, there := x.state.held[headID]; there {
		number, term := int(r.Number), int(r.Term)
		request.OpType, request.IfSeqNo, request.IfPrimaryTerm = "", &number, &term
	}
	var now revision
	if err := x.client.do(ctx, request, &now); err != nil {
		return err
	}
	x.state.held[headID] = now
	return nil
}

// bulkState sends what is in b, all of which must be taken, and empties it.
func (x *Index) bulkState(ctx context.Context, b *bytes.Buffer) error {
	if b.Len() == 0 {
		return nil
	}
	var answer struct {
		Items []map[string]struct {
			bulkItem
			ID string `json:"_id"`
			revision
		} `json:"items"`
	}
	if err := x.client.do(ctx, esapi.BulkRequest{Index: x.stateIndex(), Body: bytes.NewReader(b.Bytes()), FilterPath: append(bulkFilter(), "items.*._id", "items.*._seq_no", "items.*._primary_term")}, &answer); err != nil {
		return err
	}
	for _, item := range answer.Items {
		for action, a := range item {
			if a.Status < 300 && action != "delete" {
				x.state.held[a.ID] = a.revision
			}
			if a.Status >= 300 && !(action == "delete" && a.Status == http.StatusNotFound) {
				return fmt.Errorf("%s of a document in %s: %d: %v", action, x.stateIndex(), a.Status, a.Error)
			}
		}
	}
	b.Reset()
	return nil
}

// laneName is a lane as one word.
func laneName(l event.Lane) string {
	b := event.AppendLane(nil, l)
	if len(b) > 300 { // an id has 512 bytes at most
		return hashed(string(binary.BigEndian.AppendUint64(b, uint64(len(b)))))[1:]
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
