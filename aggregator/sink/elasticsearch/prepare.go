package elasticsearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// prepare makes an index, unless it is there, and refuses a name that stands for something
// else. Who may not look is not refused: the answers to what is written tell then.
func (s *Sink) prepare(ctx context.Context, name string) error {
	if s.known[name] {
		return nil
	}
	for range 2 { // another writer may make it meanwhile
		data, _, err := s.do(ctx, http.MethodGet, "/"+name+"?filter_path=*.settings.index.uuid", nil)
		switch {
		case isStatus(err, http.StatusForbidden, ""):
			s.known[name] = true
			return nil
		case isStatus(err, http.StatusNotFound, ""):
		case err != nil:
			return fmt.Errorf("look for index %s: %w", name, err)
		default:
			var indices map[string]json.RawMessage
			if err := json.Unmarshal(data, &indices); err != nil {
				return fmt.Errorf("look for index %s: the answer is not that of Elasticsearch or OpenSearch: %w", name, err)
			}
			if _, itself := indices[name]; !itself || len(indices) != 1 {
				return elsewhere(name, slices.Sorted(maps.Keys(indices))...)
			}
			s.known[name] = true
			return nil
		}
		_, _, err = s.do(ctx, http.MethodPut, "/"+name, nil)
		switch {
		case err == nil:
			s.known[name] = true
			return nil
		case isStatus(err, http.StatusBadRequest, "resource_already_exists_exception"):
		case strings.Contains(err.Error(), "creates data streams only"), strings.Contains(err.Error(), "data stream"):
			return fmt.Errorf("make index %s: an index template makes data streams of such names, in which events would be there twice after a rollover: take another name for the index, or a template of higher priority without data_stream: %w", name, err)
		default:
			return fmt.Errorf("make index %s: %w", name, err)
		}
	}
	return fmt.Errorf("index %s is there and is not: try again", name)
}

type object = map[string]any

// makeTemplate makes an index template for the names of our indices. One of its name stays as it is.
func (s *Sink) makeTemplate(ctx context.Context) error {
	path := "/_index_template/" + url.PathEscape(s.names.template())
	_, _, err := s.do(ctx, http.MethodGet, path+"?filter_path=index_templates.name", nil)
	if err == nil {
		return nil
	}
	if !isStatus(err, http.StatusNotFound, "") {
		return s.templateFailed("look for", err)
	}
	_, header, err := s.do(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return s.templateFailed("find out what to write into", err)
	}
	body, err := json.Marshal(template(s.names.matches(), header.Get("X-Elastic-Product") == "Elasticsearch"))
	if err != nil {
		return err
	}
	if _, _, err = s.do(ctx, http.MethodPut, path, body); err != nil {
		return s.templateFailed("make", err)
	}
	return nil
}

func (s *Sink) templateFailed(what string, err error) error {
	hint := ""
	if answered := (*statusError)(nil); errors.As(err, &answered) {
		hint = "; or write template = false, and make one"
	}
	return fmt.Errorf("%s index template %s: %w%s", what, s.names.template(), err, hint)
}

// template is the name of the index template.
func (p pattern) template() string {
	return "actiontrail." + strings.Trim(p.before+p.after, "-._")
}

// bodies are the members of events that hold what somebody else has chosen: as one field
// each, they can neither make the mapping grow nor be of two types.
func bodies() []string {
	var all []string
	for _, root := range []string{"", "actiontrail."} {
		for _, name := range []string{"requestParameters", "responseElements", "additionalEventData", "eventAttributes", "referencedResources", "userIdentity.sessionContext"} {
			all = append(all, root+name)
		}
	}
	return append(all, "unmapped", "api.request.data", "api.response.data")
}

// template is what new indices are told of our documents, in all forms.
func template(patterns []string, elastic bool) object {
	body := object{"type": "flat_object"}
	if elastic {
		body = object{"type": "flattened", "ignore_above": 1024, "depth_limit": 100}
	}
	properties := object{}
	for _, name := range bodies() {
		put(properties, name, body)
	}
	date := object{"type": "date", "format": "strict_date_optional_time"}
	properties["eventTime"], properties["@timestamp"] = date, date
	return object{
		"index_patterns": patterns, "priority": 150, "_meta": object{"actiontrail": 1},
		"template": object{
			// A value of another type than its field is kept, and not found by this field.
			"settings": object{"index.mapping.ignore_malformed": true},
			"mappings": object{
				"date_detection": false, "properties": properties,
				"dynamic_templates": []object{{"text": object{"match_mapping_type": "string", "mapping": object{"type": "keyword", "ignore_above": 1024}}}},
			},
		},
	}
}

// put places the mapping of a field with dots in its name.
func put(properties object, name string, m object) {
	outer, rest, nested := strings.Cut(name, ".")
	if !nested {
		properties[name] = m
		return
	}
	if properties[outer] == nil {
		properties[outer] = object{"properties": object{}}
	}
	put(properties[outer].(object)["properties"].(object), rest, m)
}
