package httpsource

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	list := func(items string) string {
		return `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":` + items + `}`
	}
	for _, c := range []struct {
		name, how, body string
		want            []string
	}{
		{"an object", "auto", `{"a":1}`, []string{`{"a":1}`}},
		{"an object with a line end", "auto", "{\"a\":1}\r\n", []string{`{"a":1}`}},
		{"an object over lines", "auto", "\n{\n  \"a\": \"x y\",\n  \"b\": [ 1 ]\n}\n", []string{`{"a":"x y","b":[1]}`}},
		{"a list", "auto", ` [{"a":1}, {"a": "]},\"["} ,[]]`, []string{`{"a":1}`, `{"a": "]},\"["}`, "[]"}},
		{"a list over lines", "auto", "[\n {\"a\":\n1},\n2\n]", nil},
		{"an empty list", "auto", "[ ]", nil},
		{"lists one after the other", "auto", `[{"a":1}][{"a":2}]`, []string{`{"a":1}`, `{"a":2}`}},
		{"objects one after the other", "auto", `{"a":1}{"a":2}`, []string{`{"a":1}`, `{"a":2}`}},
		{"JSON lines", "auto", "{\"a\":1}\n\n{\"a\":2}\r\n{\"a\":\n", []string{`{"a":1}`, `{"a":2}`, `{"a":`}},
		{"text", "auto", "one two\n\nthree", []string{"one two", "three"}},
		{"text in brackets", "auto", "[GIN] 2026/01/01 - 15:04:05\n[2026-01-01T00:00:00Z] \"GET", []string{"[GIN] 2026/01/01 - 15:04:05", `[2026-01-01T00:00:00Z] "GET`}},
		{"a byte order mark", "auto", "\ufeff{\"a\":1}", []string{`{"a":1}`}},
		{"what is no UTF-8", "auto", "a\xff\x00b\n", []string{"a\xff\x00b"}},
		{"blank lines", "auto", "\n \r\n", nil},
		{"an audit list", "auto", list(`[{"auditID":"1"},{"auditID":"2"}]`), []string{`{"auditID":"1"}`, `{"auditID":"2"}`}},
		{"an audit list, in another order", "auto", `{ "items" : [ {"auditID":"1"} ] , "apiVersion":"audit.k8s.io/v1" , "kind":"EventList"}`, []string{`{"auditID":"1"}`}},
		{"an audit list over lines", "auto", strings.ReplaceAll(list(`[{"auditID":"1"},{"auditID":"2"}]`), ",", ",\n"), []string{`{"auditID":"1"}`, `{"auditID":"2"}`}},
		{"an empty audit list", "auto", list(`[]`), nil},
		{"a list of other events", "auto", `{"kind":"EventList","apiVersion":"v1","items":[1,2]}`, []string{`{"kind":"EventList","apiVersion":"v1","items":[1,2]}`}},
		{"a list of another kind", "auto", `{"kind":"List","of":"EventList","apiVersion":"audit.k8s.io/v1","items":[1,2]}`, []string{`{"kind":"List","of":"EventList","apiVersion":"audit.k8s.io/v1","items":[1,2]}`}},
		{"backslashes before a quote", "auto", `[{"a":"\\"},{"b":"\\\""},{"c":1}]`, []string{`{"a":"\\"}`, `{"b":"\\\""}`, `{"c":1}`}},
		{"something that names a list", "auto", `{"a":{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[1,2]}}`, []string{`{"a":{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[1,2]}}`}},
		{"lines of lists", "lines", "[1,2]\n[3]", []string{"[1,2]", "[3]"}},
		{"any values", "json", ` "a b" 7 true [null]`, []string{`"a b"`, "7", "true", "null"}},
		{"what is broken inside of an element", "auto", "[{\"a\":tr ue},{\"b\n\":,}]", []string{`{"a":tr ue}`, "{\"b\n\":,}"}},
	} {
		if c.name == "a list over lines" {
			c.how, c.want = "json", []string{`{"a":1}`, "2"}
		}
		got, p := split([]byte(c.body), c.how, 10)
		if p != nil {
			t.Errorf("%s: %v", c.name, p)
			continue
		}
		var texts []string
		for _, r := range got {
			texts = append(texts, string(r))
		}
		if diff := cmp.Diff(c.want, texts); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

// What is wrong is told with its place.
func TestSplitRefuses(t *testing.T) {
	for _, c := range []struct {
		body, how string
		status    int
		at        int64
		says      string
	}{
		{`[{"a":1}`, "auto", 400, 8, "the body ends inside of a list"},
		{`[{"a":1},`, "auto", 400, 9, "the body ends where a value belongs"},
		{`[{"a":1},]`, "auto", 400, 9, "']' where a value belongs"},
		{`[{"a":1} {"b":1}]`, "auto", 400, 9, "where a comma or ] belongs"},
		{`[{"a":1]]`, "auto", 400, 7, "']' where '}' belongs"},
		{`[{"a":"1}]`, "auto", 400, 10, "inside of the string that begins at byte 6"},
		{`{"a":[1`, "auto", 400, 7, "inside of the value that begins at byte 0"},
		{`{"a":1}}`, "auto", 400, 7, "'}' where a value belongs"},
		{strings.Repeat("[", maxDepth+2), "auto", 400, maxDepth + 1, "nested deeper than"},
		{"1\n2\n3\n4", "lines", 413, -1, "max_records is 3"},
		{"[1,2,3,4]", "json", 413, -1, "max_records is 3"},
	} {
		_, p := split([]byte(c.body), c.how, 3)
		if p == nil || p.Status != c.status || !strings.Contains(p.Detail, c.says) || (p.Offset != nil) != (c.at >= 0) || p.Offset != nil && *p.Offset != c.at {
			t.Errorf("%.40q: %+v", c.body, p)
		}
	}
}

// FuzzSplit holds that nothing is lost and nothing made up: a list that is JSON has its
// elements as records, lines are the lines, and records are within the body.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `[{"a":"\\\""},[1, 2]]`, "{\"a\":1}\n{\"a\":2}\n", "a\r\nb", "{\n\"a\":1}", `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{"auditID":"1"},{}]}`, "[GIN] x", "[[[]]]{}"} {
		f.Add([]byte(s), 0)
		f.Add([]byte(s), 1)
		f.Add([]byte(s), 2)
	}
	f.Fuzz(func(t *testing.T, body []byte, how int) {
		const most = 100
		hows := []string{SplitAuto, SplitJSON, SplitLines}
		mode := hows[uint(how)%3]
		records, p := split(bytes.Clone(body), mode, most)
		var list []json.RawMessage
		isList := mode != SplitLines && json.Unmarshal(body, &list) == nil && list != nil && (mode == SplitJSON || splitterOf(body) == SplitJSON)
		if p != nil {
			if p.Status != 413 && (p.Offset == nil || *p.Offset < 0 || *p.Offset > int64(len(body))) {
				t.Fatalf("%+v is nowhere", p)
			}
			if isList && len(list) <= most && deep(body) <= maxDepth {
				t.Fatalf("JSON is refused: %v", p)
			}
			return
		}
		total := 0
		for _, r := range records {
			if total += len(r); len(r) == 0 {
				t.Fatal("an empty record")
			}
		}
		if len(records) > most || total > len(body) {
			t.Fatalf("%d records with %d bytes, of a body of %d", len(records), total, len(body))
		}
		if isList {
			if len(list) != len(records) {
				t.Fatalf("%d elements are %d records", len(list), len(records))
			}
			for i := range list {
				if !bytes.Equal(compact(list[i]), compact(records[i])) || bytes.ContainsAny(records[i], "\n\r") {
					t.Fatalf("element %s is record %s", list[i], records[i])
				}
			}
		}
		if mode == SplitLines {
			var want [][]byte
			for line := range bytes.SplitSeq(bytes.TrimPrefix(body, []byte("\ufeff")), []byte("\n")) {
				if line = bytes.TrimSuffix(line, []byte("\r")); len(bytes.TrimSpace(line)) > 0 {
					want = append(want, line)
				}
			}
			if !bytes.Equal(bytes.Join(want, []byte("\n")), bytes.Join(records, []byte("\n"))) {
				t.Fatalf("lines %q are records %q", want, records)
			}
		}
	})
}

func splitterOf(body []byte) string {
	s := splitter{body: body}
	return s.guess(0)
}

func deep(body []byte) (most int) {
	n := 0
	for _, c := range body {
		switch c {
		case '[', '{':
			n++
		case ']', '}':
			n--
		}
		most = max(most, n)
	}
	return most
}

func compact(b []byte) []byte {
	var one bytes.Buffer
	if json.Compact(&one, b) != nil {
		return b
	}
	return one.Bytes()
}
