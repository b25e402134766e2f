package elastic_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fake is as much of Elasticsearch as writing needs, with faults on order.
type fake struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	indices map[string]map[string]json.RawMessage
	written map[string]int // how often a document was written, by index and id
	bulks   int
	sizes   []int // items of each bulk request of events
	// product is the header X-Elastic-Product.
	product string
	// request may answer a request itself, which it tells with true.
	request func(w http.ResponseWriter, r *http.Request, bulk int) bool
	// item may give an item of a bulk request of events another status than its own; 0: its own.
	item func(id string, doc []byte, bulk int) (status int, kind string)
	// cut ends the connection before the answer to this bulk request, after it was done.
	cut func(bulk int) bool
	// lose ends the connection before the answer to a document that was stored at this path.
	lose func(path string) bool
}

func newFake(t *testing.T) *fake {
	f := &fake{t: t, indices: map[string]map[string]json.RawMessage{}, written: map[string]int{}, product: "Elasticsearch"}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// events are the ids of all documents that are not in a small index.
func (f *fake) events() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	for name, docs := range f.indices {
		for id := range docs {
			if !strings.HasSuffix(name, "_state") {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	return ids
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	bulk := 0
	if r.URL.Path == "/_bulk" {
		f.bulks++
		bulk = f.bulks
	}
	w.Header().Set("X-Elastic-Product", f.product)
	w.Header().Set("Content-Type", "application/json")
	if f.request != nil && f.request(w, r, bulk) {
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	last := parts[len(parts)-1]
	switch {
	case r.URL.Path == "/", parts[0] == "_index_template", last == "_refresh":
		fmt.Fprint(w, "{}")
	case last == "_bulk":
		f.bulk(w, parts[0], body, bulk)
	case last == "_mapping":
		answer := map[string]any{}
		for name := range f.indices {
			if !strings.HasSuffix(name, "_state") {
				answer[name] = map[string]any{"mappings": map[string]any{"dynamic": "false", "_meta": map[string]any{"actiontrail": 1}}}
			}
		}
		f.write(w, answer)
	case last == "_search":
		f.search(w, parts[0], body)
	case len(parts) == 1 && r.Method == http.MethodPut:
		if f.indices[last] != nil {
			fail(w, http.StatusBadRequest, "resource_already_exists_exception")
			return
		}
		f.indices[last] = map[string]json.RawMessage{}
		fmt.Fprint(w, "{}")
	case len(parts) == 3 && r.Method == http.MethodGet:
		doc, ok := f.indices[parts[0]][last]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"found":false}`)
			return
		}
		f.write(w, map[string]any{"found": true, "_source": doc, "_seq_no": f.written[parts[0]+"/"+last], "_primary_term": 1})
	case len(parts) == 3:
		create := parts[1] == "_create" || r.URL.Query().Get("op_type") == "create"
		key, is := parts[0]+"/"+last, r.URL.Query().Get("if_seq_no")
		if _, ok := f.indices[parts[0]][last]; ok && create || is != "" && is != strconv.Itoa(f.written[key]) {
			fail(w, http.StatusConflict, "version_conflict_engine_exception")
			return
		}
		f.indices[parts[0]][last] = body
		if f.lose != nil && f.lose(r.URL.Path) {
			panic(http.ErrAbortHandler)
		}
		f.written[key]++
		f.write(w, map[string]any{"_seq_no": f.written[key], "_primary_term": 1})
	default:
		fail(w, http.StatusNotImplemented, r.Method+" "+r.URL.Path)
	}
}

func (f *fake) write(w io.Writer, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		f.t.Error(err)
	}
}

func fail(w http.ResponseWriter, status int, kind string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"type":%q,"reason":"planted"},"status":%d}`, kind, status)
}

// bulk does what a bulk request asks for.
func (f *fake) bulk(w http.ResponseWriter, index string, body []byte, bulk int) {
	in := bufio.NewReader(bytes.NewReader(body))
	line := func() []byte {
		b, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			f.t.Error(err)
		}
		return b
	}
	failed := false
	items := []map[string]any{}
	for head := line(); len(head) > 0; head = line() {
		var action map[string]struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
			Is    *int   `json:"if_seq_no"`
		}
		if err := json.Unmarshal(head, &action); err != nil {
			f.t.Errorf("bulk line %q: %v", head, err)
			return
		}
		for name, at := range action {
			docs := f.indices[cmp.Or(at.Index, index)]
			var doc []byte
			if name != "delete" {
				doc = line()
			}
			status, kind := http.StatusCreated, ""
			if f.item != nil && bulk > 0 {
				if s, k := f.item(at.ID, doc, bulk); s != 0 {
					status, kind = s, k
				}
			}
			_, there := docs[at.ID]
			key := cmp.Or(at.Index, index) + "/" + at.ID
			switch {
			case status != http.StatusCreated:
			case docs == nil:
				status, kind = http.StatusNotFound, "index_not_found_exception"
			case name == "delete":
				delete(docs, at.ID)
			case name == "create" && there, at.Is != nil && *at.Is != f.written[key]:
				status, kind = http.StatusConflict, "version_conflict_engine_exception"
			default:
				docs[at.ID] = doc
				f.written[key]++
			}
			item := map[string]any{"status": status, "_id": at.ID, "_seq_no": f.written[key], "_primary_term": 1}
			if kind != "" {
				failed = true
				item["error"] = map[string]any{"type": kind, "reason": "planted"}
			}
			items = append(items, map[string]any{name: item})
		}
	}
	if bulk > 0 {
		f.sizes = append(f.sizes, len(items))
	}
	if f.cut != nil && f.cut(bulk) {
		panic(http.ErrAbortHandler)
	}
	f.write(w, map[string]any{"errors": failed, "items": items})
}

// search finds the documents of a kind in a small index.
func (f *fake) search(w http.ResponseWriter, index string, body []byte) {
	type document struct {
		Kind string `json:"kind"`
		N    uint64 `json:"n"`
	}
	kind := "lane"
	if bytes.Contains(body, []byte(`"journal"`)) {
		kind = "journal"
	}
	type hit struct {
		ID      string          `json:"_id"`
		Source  json.RawMessage `json:"_source"`
		Written int             `json:"_seq_no"`
		Term    int             `json:"_primary_term"`
		n       uint64
	}
	hits := []hit{}
	for id, doc := range f.indices[index] {
		var d document
		if err := json.Unmarshal(doc, &d); err != nil {
			f.t.Error(err)
		}
		if d.Kind == kind {
			hits = append(hits, hit{id, doc, f.written[index+"/"+id], 1, d.N})
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.n, b.n) })
	f.write(w, map[string]any{"hits": map[string]any{"hits": hits}})
}
