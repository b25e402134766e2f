package elasticsearch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// fake answers as a cluster does, with faults on order that a real one shows seldom.
type fake struct {
	*httptest.Server
	mu       sync.Mutex
	opens    bool // it is OpenSearch
	indices  map[string]map[string]string
	template map[string]json.RawMessage // by path
	bulks    int
	sizes    []int             // items of each bulk request
	leads    map[string]string // aliases
	// request may answer a request itself, which it tells with true.
	request func(w http.ResponseWriter, r *http.Request, bulk int) bool
	// item may give an item another answer than its own; 0: its own.
	item func(id string, bulk int) (status int, kind, reason string)
}

func newFake(t testing.TB) *fake {
	f := &fake{indices: map[string]map[string]string{}, template: map[string]json.RawMessage{}, leads: map[string]string{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.URL.Path == "/_bulk" {
		f.bulks++
	}
	if !f.opens {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
	}
	if f.request != nil && f.request(w, r, f.bulks) {
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case strings.HasPrefix(name, "_index_template/"):
		if r.Method == http.MethodPut {
			f.template[name] = body
		}
		if f.template[name] == nil {
			fail(w, 404, "resource_not_found_exception", "none")
			return
		}
		fmt.Fprint(w, "{}")
	case name == "":
		fmt.Fprint(w, "{}")
	case name == "_bulk":
		f.bulk(w, body)
	case r.Method == http.MethodGet && f.leads[name] != "":
		fmt.Fprintf(w, `{%q:{}}`, f.leads[name])
	case r.Method == http.MethodGet && f.indices[name] == nil:
		fail(w, 404, "index_not_found_exception", "no such index")
	case r.Method == http.MethodGet:
		fmt.Fprintf(w, `{%q:{}}`, name)
	case f.indices[name] != nil:
		fail(w, 400, "resource_already_exists_exception", "there")
	default:
		f.indices[name] = map[string]string{}
		fmt.Fprint(w, "{}")
	}
}

func fail(w http.ResponseWriter, status int, kind, reason string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"type":%q,"reason":%q},"status":%d}`, kind, reason, status)
}

func (f *fake) bulk(w http.ResponseWriter, body []byte) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 64<<20)
	var items []string
	for lines.Scan() {
		var action struct {
			Create struct {
				Index string `json:"_index"`
				ID    string `json:"_id"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &action); err != nil {
			fail(w, 400, "illegal_argument_exception", err.Error())
			return
		}
		lines.Scan()
		at, id := action.Create.Index, action.Create.ID
		status, kind, reason := 201, "", ""
		if f.item != nil {
			if s, k, why := f.item(id, f.bulks); s != 0 {
				status, kind, reason = s, k, why
			}
		}
		if lead := f.leads[at]; lead != "" {
			at = lead
		}
		docs := f.indices[at]
		if docs == nil && status == 201 {
			docs = map[string]string{}
			f.indices[at] = docs
		}
		if _, there := docs[id]; there && status == 201 {
			status, kind = 409, "version_conflict_engine_exception"
		}
		if status == 201 {
			docs[id] = lines.Text()
		}
		it := fmt.Sprintf(`{"create":{"_index":%q,"status":%d}}`, at, status)
		if kind != "" {
			it = fmt.Sprintf(`{"create":{"_index":%q,"status":%d,"error":{"type":%q,"reason":%q}}}`, at, status, kind, reason)
		}
		items = append(items, it)
	}
	f.sizes = append(f.sizes, len(items))
	fmt.Fprintf(w, `{"errors":true,"items":[%s]}`, strings.Join(items, ","))
}

// held are the events of all indices, sorted.
func (f *fake) held(t testing.TB) (ids []string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, docs := range f.indices {
		for id, text := range docs {
			if e, err := event.ParseJSON([]byte(text)); err != nil || e.ID != id {
				t.Fatalf("%s: %v", text, err)
			}
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}
