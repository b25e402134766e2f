package mapper

import (
	"errors"
	"strings"
	"testing"
)

// What a record withholds is withheld however the record is wrapped.
func TestWrappedRecordsHideTheSame(t *testing.T) {
	record := ""
	for _, r := range goldenRecords(t, "kubernetes") {
		if strings.Contains(r, `"secrets"`) && strings.Contains(r, `"requestObject"`) {
			record = r
		}
	}
	opt := Options{Format: "kubernetes", KeepRaw: true}
	plain := mapped(newMapper(t, opt), record)
	if record == "" || strings.HasPrefix(plain, "unparsed") {
		t.Fatalf("no record to try: %s", plain)
	}
	_, raw, ok := strings.Cut(plain, `"raw":"`)
	if !ok {
		t.Fatalf("no raw in %s", plain)
	}
	for _, wrap := range []string{"2026-11-21T01:26:57.404123456+01:00 stdout F ", "Nov 21 01:26:57 node-1 kube-apiserver[17]: "} {
		if got := mapped(newMapper(t, opt), wrap+record); !strings.Contains(got, `"raw":"`+wrap+raw) {
			t.Errorf("%s\nis   %s\nwant the raw record of %s", wrap, got, plain)
		}
	}
}

// The lines of a log_format that begins as syslog's do are read as they are.
func TestFormatThatLooksWrapped(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx", LogFormat: `$time_iso8601 $host $remote_addr: $request_method $request_uri $status`})
	got := mapped(m, `2026-11-21T01:26:57+00:00 shop.example 192.0.2.1: GET /v1/orders 200`)
	if !strings.Contains(got, `"sourceIpAddress":"192.0.2.1"`) || !strings.Contains(got, `"eventSource":"shop.example"`) {
		t.Errorf("%s", got)
	}
}

// What the first look at a wrapped line found does not stay.
func TestUnwrappingBeginsAnew(t *testing.T) {
	d := dialect{"odd", func(*Options) (reader, error) {
		return func(m *Mapper, record []byte) error {
			m.request.fields = append(m.request.fields, field{"line", string(record)})
			if record[0] != '/' {
				return errors.New("not a path")
			}
			return nil
		}, nil
	}}
	read, err := d.open(&Options{})
	if err != nil {
		t.Fatal(err)
	}
	m := newMapper(t, Options{Format: "nginx"})
	if err := read(m, []byte("Nov 21 01:26:57 gw-1 odd[7]: /a")); err != nil || len(m.request.fields) != 1 || m.request.fields[0].value != "/a" {
		t.Errorf("%v: %q", err, m.request.fields)
	}
}

// Whatever a line holds: in a container's log it says the same, and what is taken
// off any record is its beginning.
func FuzzWrapped(f *testing.F) {
	f.Add([]byte(benchCombined))
	f.Add([]byte(benchJSON))
	f.Add([]byte("2026-11-21T01:26:57.404123456+01:00 stderr F:x \xff{"))
	f.Add([]byte("<190>1 2026-11-21T01:26:57.404Z gw nginx 1 - - x"))
	f.Fuzz(func(t *testing.T, line []byte) {
		inner, part := withoutContainer(line)
		if !strings.HasSuffix(string(line), string(inner)) || part && len(inner) != len(line) {
			t.Fatalf("%q of %q, part: %v", inner, line, part)
		}
		if len(inner) < len(line) || part || len(withoutSyslog(string(line))) < len(line) {
			return
		}
		m := newMapper(t, Options{Format: "nginx"})
		plain := mapped(m, string(line))
		if strings.HasPrefix(plain, "unparsed") {
			return
		}
		if got := mapped(m, "2026-11-21T01:26:57.404123456Z stdout F "+string(line)); got != plain {
			t.Fatalf("%q\nis   %s\nwant %s", line, got, plain)
		}
	})
}
