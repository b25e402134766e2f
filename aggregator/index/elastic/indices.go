package elastic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/actiontrail/actiontrail/aggregator/index"
)

// templatePriority is above those of stock templates (100 to 500).
const templatePriority = 700

func body(v any) (io.Reader, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return &b, nil
}

// settings are those of an index of events. A page may be as large as the contract
// has it, and one event more tells that there is another page.
func (x *Index) settings() object {
	return object{"number_of_shards": x.cfg.Shards, "number_of_replicas": x.cfg.Replicas, "max_result_window": index.MaxLimit + 1, "max_regex_length": 100_000}
}

// putTemplate writes the template for the indices of events.
func (x *Index) putTemplate(ctx context.Context) error {
	b, err := body(object{
		"index_patterns": []string{x.cfg.Prefix + "-*"}, "priority": templatePriority, "version": mappingVersion,
		"_meta":    object{"made by": "actiontrail"},
		"template": object{"settings": object{"index": x.settings()}, "mappings": mapping()},
	})
	if err != nil {
		return err
	}
	return x.client.do(ctx, esapi.IndicesPutIndexTemplateRequest{Name: x.cfg.Prefix, Body: b}, nil)
}

// listIndices finds the indices of events that are there.
func (x *Index) listIndices(ctx context.Context) (map[string]slice, error) {
	var answer map[string]struct {
		Mappings struct {
			Meta struct {
				Version int `json:"actiontrail"`
			} `json:"_meta"`
		} `json:"mappings"`
	}
	r := esapi.IndicesGetMappingRequest{Index: []string{x.cfg.Prefix + "-*"}, ExpandWildcards: "open,hidden", FilterPath: []string{"*.mappings._meta", "*.mappings.dynamic"}}
	if err := x.client.do(ctx, r, &answer); err != nil {
		return nil, err
	}
	out := map[string]slice{}
	for name, a := range answer {
		if s, ok := parseSlice(x.cfg.Prefix, name); ok {
			s.version = a.Mappings.Meta.Version
			out[name] = s
		}
	}
	return out, nil
}

// upgrade gives the indices of earlier releases what was added to the mapping since.
func (x *Index) upgrade(ctx context.Context, indices map[string]slice) error {
	for name, s := range indices {
		if s.version >= mappingVersion {
			continue
		}
		b, err := body(mapping())
		if err != nil {
			return err
		}
		if err := x.client.do(ctx, esapi.IndicesPutMappingRequest{Index: []string{name}, Body: b}, nil); err != nil {
			return fmt.Errorf("mapping of %s: %w", name, err)
		}
		s.version = mappingVersion
		indices[name] = s
	}
	return nil
}

// makeIndex makes the index of a slice, unless it is there.
func (x *Index) makeIndex(ctx context.Context, s slice) error {
	name := s.name(x.cfg.Prefix)
	err := x.client.do(ctx, esapi.IndicesCreateRequest{Index: name}, nil)
	if err != nil && !isKind(err, "resource_already_exists_exception") {
		return fmt.Errorf("make index %s: %w", name, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.indices = maps.Clone(x.indices)
	x.indices[name] = s
	return nil
}

// dropIndex removes the index of a slice.
func (x *Index) dropIndex(ctx context.Context, name string) error {
	err := x.client.do(ctx, esapi.IndicesDeleteRequest{Index: []string{name}}, nil)
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return fmt.Errorf("delete index %s: %w", name, err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.indices = maps.Clone(x.indices)
	delete(x.indices, name)
	return nil
}
