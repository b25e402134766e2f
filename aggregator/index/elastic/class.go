package elastic

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/elastic/go-elasticsearch/v8/esapi"

	"github.com/actiontrail/actiontrail/event"
)

// reclass notes that the classes are others than those that the indices were filled
// by. From then on an event is looked for in the indices that were there, as it may
// have belonged to another class, until retention has removed them.
func (x *Index) reclass(ctx context.Context) error {
	x.mu.Lock()
	indices := x.indices
	x.mu.Unlock()
	text := ""
	if len(x.cfg.Classes) > 0 {
		b, err := json.Marshal(x.cfg.Classes)
		if err != nil {
			return err
		}
		text = string(b)
	}
	gone := func(name string) bool {
		_, ok := indices[name]
		return !ok
	}
	if text == x.state.classes {
		x.state.elder = slices.DeleteFunc(x.state.elder, gone)
		return nil
	}
	x.state.classes, x.state.elder = text, slices.Sorted(maps.Keys(indices))
	return x.fold(ctx)
}

// twin is an event, and an index that may have it although it belongs elsewhere.
type twin struct {
	Index string `json:"_index"`
	ID    string `json:"_id"`
}

// elders are the indices that may have an event of this class and time, though
// not the index that it belongs to.
func (x *Index) elders(own string, e *event.Event) []string {
	var out []string
	for _, name := range x.state.elder {
		s, ok := parseSlice(x.cfg.Prefix, name)
		if ok && name != own && s.holds(e.Time.Nanos) {
			out = append(out, name)
		}
	}
	if slices.Contains(x.state.shared, own) {
		if name := otherSlice(x.cfg.Classes.Name(x.cfg.Classes.Of(e))).name(x.cfg.Prefix); !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// mgetSize is how many documents are looked for at once.
const mgetSize = 2000

// stored finds the events, by _id, that are in one of the indices they are looked for in.
func (x *Index) stored(ctx context.Context, twins []twin) (map[string]bool, error) {
	out := map[string]bool{}
	for part := range slices.Chunk(twins, mgetSize) {
		b, err := body(object{"docs": part})
		if err != nil {
			return nil, err
		}
		var answer struct {
			Docs []struct {
				ID    string   `json:"_id"`
				Found bool     `json:"found"`
				Error *failure `json:"error"`
			} `json:"docs"`
		}
		if err := x.client.do(ctx, esapi.MgetRequest{Body: b, Source: []string{"false"}}, &answer); err != nil {
			return nil, err
		}
		for _, d := range answer.Docs {
			if d.Error != nil && d.Error.Type != "index_not_found_exception" {
				return nil, fmt.Errorf("look for an event in the indices of other classes: %s", d.Error)
			}
			if d.Found {
				out[d.ID] = true
			}
		}
	}
	return out, nil
}
