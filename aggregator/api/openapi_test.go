package api

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// described is openapi.yaml.
var described = sync.OnceValue(func() map[string]any {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		panic(err)
	}
	return readYAML(string(text))
})

// member goes down mappings by their keys; nil where there is none. It follows references.
func member(v any, keys ...string) any {
	for _, key := range keys {
		m, _ := resolved(v).(map[string]any)
		v = m[key]
	}
	return resolved(v)
}

func resolved(v any) any {
	m, _ := v.(map[string]any)
	ref, _ := m["$ref"].(string)
	if ref == "" {
		return v
	}
	return member(described(), strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
}

// conforms holds an answer against openapi.yaml: its status, media type and JSON.
func conforms(t testing.TB, r *http.Request, got reply) {
	t.Helper()
	path := strings.Split(r.URL.Path, "/")
	for template := range member(described(), "paths").(map[string]any) {
		parts := strings.Split(template, "/")
		if !slices.EqualFunc(parts, path, func(part, given string) bool { return part == given || strings.HasPrefix(part, "{") && given != "" }) {
			continue
		}
		responses := member(described(), "paths", template, strings.ToLower(r.Method), "responses")
		if responses == nil { // of HEAD, and of methods that there are none of
			responses = member(described(), "paths", template, "get", "responses")
		}
		response := member(responses, strconv.Itoa(got.status))
		if response == nil {
			response = member(responses, "default")
		}
		media, _, err := mime.ParseMediaType(got.header.Get("Content-Type"))
		if err != nil {
			t.Errorf("%s %s: Content-Type: %v", r.Method, r.URL, err)
		}
		if media == "application/problem+json" && response == nil {
			response = member(described(), "components", "responses", "Problem") // of hardened and checked
		}
		content, _ := member(response, "content").(map[string]any)
		if content[media] == nil {
			t.Errorf("%s %s answers %d with %q, which openapi.yaml does not say", r.Method, r.URL, got.status, media)
			return
		}
		if media != "application/json" && media != "application/problem+json" || r.Method == http.MethodHead {
			return
		}
		var v any
		if err := json.Unmarshal(got.body, &v); err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
			return
		}
		for _, wrong := range mismatches("answer", member(content, media, "schema"), v) {
			t.Errorf("%s %s: %s", r.Method, r.URL, wrong)
		}
		return
	}
}

// mismatches tells where a decoded JSON value is not what the schema says.
// A member that the schema does not have is wrong too, unless it allows additional ones.
func mismatches(at string, schema, v any) (wrong []string) {
	is := func(kind string, ok bool) {
		if !ok {
			wrong = append(wrong, fmt.Sprintf("%s is %v, not a %s", at, v, kind))
		}
	}
	if allowed, ok := member(schema, "enum").([]any); ok && !slices.Contains(allowed, v) {
		wrong = append(wrong, fmt.Sprintf("%s is %v, not one of %v", at, v, allowed))
	}
	switch kind := member(schema, "type"); kind {
	case "object":
		m, ok := v.(map[string]any)
		is("object", ok)
		required, _ := member(schema, "required").([]any)
		for _, key := range required {
			if _, ok := m[key.(string)]; !ok {
				wrong = append(wrong, at+" lacks "+key.(string))
			}
		}
		for key, inner := range m {
			if s := member(schema, "properties", key); s != nil {
				wrong = append(wrong, mismatches(at+"."+key, s, inner)...)
			} else if member(schema, "additionalProperties") != true {
				wrong = append(wrong, at+" has "+key+", which is not described")
			}
		}
	case "array":
		list, ok := v.([]any)
		is("list", ok)
		for i, inner := range list {
			wrong = append(wrong, mismatches(at+"["+strconv.Itoa(i)+"]", member(schema, "items"), inner)...)
		}
	case "string":
		s, ok := v.(string)
		is("string", ok)
		if member(schema, "format") == "date-time" {
			instant, err := time.Parse(time.RFC3339Nano, s)
			is("time in UTC", err == nil && strings.HasSuffix(s, "Z") && instant.Year() > 1)
		}
	case "integer":
		n, ok := v.(float64)
		is("integer", ok && n == float64(int64(n)))
	case "number":
		_, ok := v.(float64)
		is("number", ok)
	case "boolean":
		_, ok := v.(bool)
		is("boolean", ok)
	case nil: // anything
	default:
		wrong = append(wrong, fmt.Sprintf("%s has the type %v in openapi.yaml, which this test does not know", at, kind))
	}
	return wrong
}

func TestMismatches(t *testing.T) {
	histogram := func(change func(m map[string]any)) any {
		m := map[string]any{"from": "2026-11-29T00:00:00Z", "to": "2026-11-30T00:00:00Z", "interval": "1d", "intervalSeconds": 86400.0, "total": 0.0, "buckets": []any{}, "tookMs": 0.0}
		change(m)
		return m
	}
	schema := member(described(), "components", "schemas", "Histogram")
	if wrong := mismatches("answer", schema, histogram(func(map[string]any) {})); wrong != nil {
		t.Error(wrong)
	}
	for name, change := range map[string]func(m map[string]any){
		"missing":    func(m map[string]any) { delete(m, "total") },
		"additional": func(m map[string]any) { m["more"] = 1.0 },
		"null":       func(m map[string]any) { m["buckets"] = nil },
		"inner":      func(m map[string]any) { m["buckets"] = []any{map[string]any{}} },
		"fraction":   func(m map[string]any) { m["total"] = 0.5 },
		"time":       func(m map[string]any) { m["from"] = "yesterday" },
		"zone":       func(m map[string]any) { m["from"] = "2026-11-29T08:00:00+08:00" },
	} {
		if mismatches("answer", schema, histogram(change)) == nil {
			t.Errorf("%s: taken for what the schema says", name)
		}
	}
}

// TestOpenAPIRoutes holds the routes, their parameters and who may call them against openapi.yaml.
func TestOpenAPIRoutes(t *testing.T) {
	want := map[string]operation{}
	for path, methods := range member(described(), "paths").(map[string]any) {
		for method, op := range methods.(map[string]any) {
			id := member(op, "operationId").(string)
			o := operation{action: strings.ToUpper(id[:1]) + id[1:], audited: strings.HasPrefix(path, "/api/v1/")}
			given, _ := member(op, "parameters").([]any)
			for _, p := range given {
				if member(p, "in") != "query" {
					continue
				}
				name := member(p, "name").(string)
				o.parameters = append(o.parameters, name)
				if most, _ := member(p, "schema", "maxLength").(float64); int(most) != maxLengths[name] {
					t.Errorf("%s: maxLength of %s is %v, in code %d", path, name, most, maxLengths[name])
				}
			}
			// No security of its own: a token is asked for when there is one.
			o.open = cmp.Equal(member(op, "security"), []any{map[string]any{}})
			want[strings.ToUpper(method)+" "+path] = o
		}
	}
	if diff := cmp.Diff(want, operations, cmp.AllowUnexported(operation{})); diff != "" {
		t.Errorf("operations are not those of openapi.yaml (-described +in code):\n%s", diff)
	}
	s, _ := madeUpServer(1)
	h := s.Handler()
	for pattern := range operations {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{eventId}", "none", "{field}", "eventName", "{name}", "none").Replace(path)
		if got := call(t, h, method, path); strings.Contains(string(got.body), "there is nothing at") {
			t.Errorf("%s is not served: %s", pattern, got.body)
		}
	}
}

// TestOpenAPIExamples sends each example of a parameter, and what the descriptions say can be sent.
func TestOpenAPIExamples(t *testing.T) {
	s, x := madeUpServer(3)
	e := &x.events[1] // has what neighbours can have in common
	e.ResourceName, e.Identity.AccessKeyID, e.Identity.SessionAttributes = "i-1", "LTAI1", `{"creationDate":"2026-11-29T00:00:00Z"}`
	s.TrailCalls, s.Quarantine, s.Bundle = &fakeTrails{}, fakeQuarantine(1), fakeBundles
	h := s.Handler()
	sent := 0
	for path, methods := range member(described(), "paths").(map[string]any) {
		given, _ := member(methods, "get", "parameters").([]any)
		path := strings.NewReplacer("{field}", "eventName", "{eventId}", e.ID, "{name}", "all").Replace(path)
		for _, p := range given {
			schema := member(p, "schema")
			for _, key := range []string{"example", "default"} {
				if v := member(schema, key); v != nil {
					if got := get(t, h, target(path, member(p, "name").(string), fmt.Sprint(v))); got.status != http.StatusOK {
						t.Errorf("%s %v = %v: %s", path, member(p, "name"), v, got.body)
					}
					sent++
				}
			}
			for _, v := range asList(member(schema, "enum")) {
				if got := get(t, h, target(path, member(p, "name").(string), v.(string))); got.status != http.StatusOK {
					t.Errorf("%s %v = %v: %s", path, member(p, "name"), v, got.body)
				}
				sent++
			}
		}
	}
	if sent < 10 {
		t.Errorf("only %d examples were found", sent)
	}
	for _, at := range []string{
		searchTarget("from", "2026-11-29"), searchTarget("to", "now-7d/d"), target("/api/v1/histogram", "interval", "5m", "from", "now-1d"),
		searchTarget("fields", "eventTime,userIdentity.userName"), "/api/v1/fields/requestParameters.InstanceId/values",
	} {
		if got := get(t, h, at); got.status != http.StatusOK {
			t.Errorf("%s, as described: %s", at, got.body)
		}
	}
	if _, err := parseInterval(member(described(), "components", "schemas", "Histogram", "properties", "interval", "example").(string)); err != nil {
		t.Error(err)
	}
}

func asList(v any) []any { list, _ := v.([]any); return list }
