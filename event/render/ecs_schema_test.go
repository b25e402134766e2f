package render

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// ecsFields are the fields that are written, with the type that the schema gives
// them, in 8.17.0 as in 9.4.0: compared once with the list of fields that its authors
// generate. An array may stand for any of them; those of ecsArrays are always one.
var ecsFields = map[string]string{
	"@timestamp": "date", "message": "text", "ecs.version": "keyword",
	"event.action": "keyword", "event.category": "keyword", "event.created": "date", "event.dataset": "keyword", "event.duration": "long", "event.id": "keyword",
	"event.kind": "keyword", "event.module": "keyword", "event.original": "keyword", "event.outcome": "keyword", "event.provider": "keyword", "event.type": "keyword",
	"error.code": "keyword", "error.message": "text", "user.id": "keyword", "user.name": "keyword",
	"source.address": "keyword", "source.ip": "ip", "user_agent.original": "keyword", "service.name": "keyword",
	"cloud.account.id": "keyword", "cloud.provider": "keyword", "cloud.region": "keyword",
	"http.request.id": "keyword", "http.request.method": "keyword", "http.request.referrer": "keyword", "http.response.body.bytes": "long", "http.response.status_code": "long",
	"url.domain": "keyword", "url.path": "keyword", "agent.name": "keyword", "agent.type": "keyword", "log.file.path": "keyword",
	"related.hosts": "keyword", "related.ip": "ip", "related.user": "keyword",
}

var ecsArrays = []string{"event.category", "event.type", "related.hosts", "related.ip", "related.user"}

// ecsAllowed are the words that the schema allows, of those that are written.
var ecsAllowed = map[string][]string{
	"event.kind":     {"event", "pipeline_error"},
	"event.outcome":  {"success", "failure"},
	"event.category": {"api", "authentication"},
	"event.type":     {"access", "change", "creation", "deletion", "start", "end", "info"},
}

// TestECSFieldsAreOfTheSchema: each field that is written is one of the schema, of its type, and each of the list is written.
func TestECSFieldsAreOfTheSchema(t *testing.T) {
	seen := map[string]bool{}
	for name, e := range examples(t) {
		for path, v := range members(t, ECS(nil, &e), "actiontrail") {
			seen[path] = true
			if wrong := ecsWrong(path, v); wrong != "" {
				t.Errorf("%s: %s = %v %s", name, path, v, wrong)
			}
		}
	}
	for path := range ecsFields {
		if !seen[path] {
			t.Errorf("no example has %s", path)
		}
	}
}

func ecsWrong(path string, v any) string {
	kind, known := ecsFields[path]
	if !known {
		return "is no field of the schema"
	}
	all, array := v.([]any)
	if array != contains(ecsArrays, path) {
		return "is an array where none belongs, or none where one does"
	}
	if !array {
		all = []any{v}
	}
	for _, v := range all {
		text, isText := v.(string)
		number, isNumber := v.(json.Number)
		ok := isText && text != ""
		switch kind {
		case "date":
			_, err := time.Parse(time.RFC3339Nano, text)
			ok = ok && err == nil
		case "ip":
			_, err := netip.ParseAddr(text)
			ok = ok && err == nil
		case "long":
			n, err := number.Int64()
			ok = isNumber && err == nil && n >= 0
		}
		if !ok {
			return "is no " + kind
		}
		if allowed := ecsAllowed[path]; allowed != nil && !contains(allowed, text) {
			return "is no word that the schema allows"
		}
	}
	return ""
}

func contains(all []string, s string) bool {
	for _, one := range all {
		if one == s {
			return true
		}
	}
	return false
}

// members are the leaves of a document by their path, but for what is ours: an array of objects has [] in its path.
func members(t *testing.T, document []byte, ours string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(document)))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	if _, there := m[ours].(map[string]any); !there {
		t.Errorf("no %s in %s", ours, document)
	}
	delete(m, ours)
	leaves := map[string]any{}
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		if len(m) == 0 {
			t.Errorf("%s is empty in %s", prefix, document)
		}
		for name, v := range m {
			path := strings.TrimPrefix(prefix+"."+name, ".")
			switch v := v.(type) {
			case map[string]any:
				if name == "data" { // JSON of its own
					leaves[path] = v
					continue
				}
				walk(path, v)
			case []any:
				if _, objects := v[0].(map[string]any); !objects {
					leaves[path] = v
					continue
				}
				for _, one := range v {
					walk(path+"[]", one.(map[string]any))
				}
			default:
				leaves[path] = v
			}
		}
	}
	walk("", m)
	return leaves
}
