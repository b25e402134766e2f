package parquet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	library "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/actiontrail/actiontrail/aggregator/archive/parquet"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// made are events that are hard to write: each field there and absent, long, with all kinds of characters, times with 0 to 9 digits before and after 1970.
func made(n int, seed uint64) (events []event.Event, lines [][]byte) {
	dice := rand.New(rand.NewPCG(seed, 1))
	texts := []string{"", "", "a", "Ecs", "StopInstance", "ü\u2028<>&", "\x00\x01\n\t\\\"", `"}]},{"`, "日本語", "e\u0301", "\U0001F600", strings.Repeat("é", 700), strings.Repeat(`\"`, 900), "\ufffd", "null", "  "}
	text := func() string {
		if dice.IntN(20) == 0 {
			return fmt.Sprint("value ", dice.IntN(1000))
		}
		return texts[dice.IntN(len(texts))]
	}
	instant := func() event.Time {
		switch dice.IntN(6) {
		case 0:
			return event.Time{}
		case 1:
			return event.Unix(-dice.Int64N(math.MaxInt64/2), uint8(dice.IntN(10)))
		}
		return event.Unix(1795000000e9+dice.Int64N(1e15), uint8(dice.IntN(10)))
	}
	for i := range n {
		e := event.Event{
			ID: fmt.Sprintf("id-%d", i), Category: text(), Type: text(), Name: text(), RW: text(), Source: text(), Service: text(), APIVersion: text(), Time: instant(),
			Region: text(), Global: dice.IntN(2) == 0, SourceIP: text(), UserAgent: text(), VPCID: text(), RequestID: text(), ErrorCode: text(), ErrorMessage: text(),
			ResourceType: text(), ResourceName: text(), RecipientAccountID: text(), Raw: text(), RequestParameterJSON: text(),
			Identity: event.Identity{Type: text(), PrincipalID: text(), AccountID: text(), UserName: text(), AccessKeyID: text(), Trust: text(), Source: text()},
			Origin:   event.Origin{Agent: text(), Source: text(), File: text(), Observed: instant(), Epoch: math.MaxUint64},
		}
		if dice.IntN(2) == 0 {
			e.RequestParameters = event.Object(`{"eventName":"not this","userIdentity":{"userName":["}"]}}`)
			e.Identity.SessionIssuer = event.Object(`{"userName":"nor this","type":"role"}`)
			e.Extra = event.Object(`{"zone":"z\"","list":[1,[2],{"source":"x"}]}`)
			e.Identity.Extra = event.Object(`{"arn":"arn:x","userName2":1.0}`)
		}
		line := e.AppendJSON(nil)
		again, err := event.ParseJSON(line)
		if err != nil {
			panic(err)
		}
		events, lines = append(events, again), append(lines, line)
	}
	return events, lines
}

// write makes a file.
func write(t testing.TB, form *parquet.Form, lines [][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := form.Begin(&out)
	for _, line := range lines {
		if err := w.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read gives the lines of a file, and what is wrong with it.
func read(file []byte) (lines [][]byte, err error) {
	r, err := parquet.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for {
		line, err := r.Next()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		lines = append(lines, bytes.Clone(line))
	}
}

// documented are the fields that stand in columns, as the documents say.
func documented() map[string]string {
	return map[string]string{
		"event_id": "eventId", "event_time": "eventTime", "event_name": "eventName", "event_type": "eventType", "event_category": "eventCategory", "event_rw": "eventRW",
		"service_name": "serviceName", "event_source": "eventSource", "api_version": "apiVersion", "acs_region": "acsRegion", "recipient_account_id": "recipientAccountId",
		"source_ip": "sourceIpAddress", "user_agent": "userAgent", "vpc_id": "vpcId", "request_id": "requestId", "error_code": "errorCode", "error_message": "errorMessage",
		"resource_type": "resourceType", "resource_name": "resourceName", "user_type": "userIdentity.type", "user_name": "userIdentity.userName",
		"principal_id": "userIdentity.principalId", "account_id": "userIdentity.accountId", "access_key_id": "userIdentity.accessKeyId", "trust": "userIdentity.trust",
		"identity_source": "userIdentity.source", "agent": "origin.agent", "source": "origin.source", "observed_time": "origin.observedTime",
	}
}

// What is written is read again, by us and by the library, whose reader is another
// one; and each column says what the event does.
func TestThereAndBack(t *testing.T) {
	usual := parquet.NewForm(parquet.DefaultLevel)
	for n, form := range map[int]*parquet.Form{
		0: usual, 1: usual, 63: usual, 3000: usual,
		2000: parquet.NewSmallForm(700, 1<<20, 4<<10, 2<<10), // dictionaries end within a row group
		500:  parquet.NewSmallForm(1<<20, 50<<10, 1<<10, 100<<10),
	} {
		events, lines := made(n, uint64(n))
		file := write(t, form, lines)
		got, err := read(file)
		if err != nil || len(got) != n {
			t.Fatalf("%d of %d lines, %v", len(got), n, err)
		}
		for i := range lines {
			if !bytes.Equal(got[i], lines[i]) {
				t.Fatalf("line %d of %d is %s, want %s", i, n, got[i], lines[i])
			}
		}
		f, err := library.OpenFile(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		names := f.Schema().Columns()
		if groups := len(f.RowGroups()); (groups > 1) != (form != usual) {
			t.Errorf("%d row groups", groups)
		}
		if len(names) != len(documented())+1 {
			t.Fatalf("%d columns: %v", len(names), names)
		}
		row := 0
		for _, g := range f.RowGroups() {
			rows := g.Rows()
			buf := make([]library.Row, 100)
			for {
				n, err := rows.ReadRows(buf)
				for _, r := range buf[:n] {
					compare(t, names, r, &events[row], lines[row])
					row++
				}
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if row != n {
			t.Errorf("the library reads %d of %d rows", row, n)
		}
	}
}

func compare(t *testing.T, names [][]string, r library.Row, e *event.Event, line []byte) {
	t.Helper()
	for i, v := range r {
		name := names[i][0]
		if name == parquet.Body {
			if string(v.ByteArray()) != string(line) {
				t.Fatalf("the body is %s, want %s", v.ByteArray(), line)
			}
			continue
		}
		f, _, ok := event.Lookup(documented()[name])
		if !ok {
			t.Fatalf("column %s is of no field", name)
		}
		want := query.Cut(f.Value(e))
		got := ""
		switch {
		case v.IsNull():
		case strings.HasSuffix(name, "_time"):
			got = time.UnixMicro(v.Int64()).UTC().Format(time.RFC3339Nano)
			want = time.Unix(0, floor(query.Time(f, e).Nanos, 1000)).UTC().Format(time.RFC3339Nano)
		default:
			got = string(v.ByteArray())
			if got == "" {
				t.Fatalf("%s is empty, not null", name)
			}
		}
		if got != want {
			t.Fatalf("%s is %q, want %q", name, got, want)
		}
	}
}

func floor(n, by int64) int64 {
	if r := n % by; r < 0 {
		return n - r - by
	} else {
		return n - r
	}
}

// The same lines give the same bytes, whatever was written before.
func TestSameBytes(t *testing.T) {
	_, lines := made(1000, 1)
	_, other := made(1500, 2)
	form := parquet.NewForm(parquet.DefaultLevel)
	want := write(t, parquet.NewForm(parquet.DefaultLevel), lines)
	for i, before := range [][][]byte{nil, other, lines, other[:1]} {
		write(t, form, before)
		if got := write(t, form, lines); !bytes.Equal(got, want) {
			t.Errorf("%d: other bytes", i)
		}
	}
}

// A line that is no canonical event is refused.
func TestWrongLines(t *testing.T) {
	for _, line := range []string{"", "nonsense", "{", "{}x", `{"eventId":1}`, `{"eventId":"a"`, `{"eventTime":"yesterday"}`, `{"userIdentity":{"type":"a"}`, `{"eventId":"\u12"}`, `{"a":[}`, `{"a":"\`} {
		w := parquet.NewForm(parquet.DefaultLevel).Begin(io.Discard)
		if err := w.Write([]byte(line)); err == nil {
			t.Errorf("%q was written", line)
		}
	}
}

// What is taken out of a canonical line is what the event says that is read of it.
func FuzzLine(f *testing.F) {
	_, lines := made(50, 6)
	for _, line := range lines {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		got, wrong := parquet.Values(line)
		e, err := event.ParseJSON(line)
		if err != nil || !bytes.Equal(e.AppendJSON(nil), line) {
			return // whatever it is, there was no panic
		}
		if wrong != nil {
			t.Fatalf("%s: %v", line, wrong)
		}
		for _, field := range documented() {
			f, _, _ := event.Lookup(field)
			want := query.Cut(f.Value(&e))
			if f.Kind == event.Timestamp && want != "" {
				want = strconv.FormatInt(floor(query.Time(f, &e).Nanos, 1000)/1000, 10)
			}
			if got[field] != want {
				t.Errorf("%s: %s is %q, want %q", line, field, got[field], want)
			}
		}
	})
}

// The documents name the columns that there are, in their order; tables of others have their types.
func TestDocuments(t *testing.T) {
	var names []string
	for _, path := range parquet.Schema().Columns() {
		names = append(names, path[0])
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	got := []string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (text|time) \\| `([\\w.]+)`").FindAllStringSubmatch(read("format/parquet.md"), -1) {
		got = append(got, row[1])
		if documented()[row[1]] != row[3] || (row[2] == "time") != strings.HasSuffix(row[1], "_time") {
			t.Errorf("format/parquet.md: %q", row[0])
		}
	}
	if want := names[:len(names)-1]; !slices.Equal(got, want) {
		t.Errorf("format/parquet.md has the columns %q, want %q", got, want)
	}
	guide := read("guide/parquet.md")
	for reader, types := range map[string][2]string{"athena": {"string", "timestamp"}, "trino": {"varchar", "timestamp(6)"}} {
		_, block, _ := strings.Cut(guide, "```sql "+reader+"\n")
		_, table, _ := strings.Cut(block, "(\n")
		var want []string
		for _, n := range names {
			kind := types[0]
			if strings.HasSuffix(n, "_time") {
				kind = types[1]
			}
			want = append(want, n+" "+kind)
		}
		if !strings.HasPrefix(strings.Join(strings.Fields(table), " "), strings.Join(want, ", ")) {
			t.Errorf("guide/parquet.md: the columns of %s are not %s", reader, strings.Join(want, ", "))
		}
	}
}

// A dictionary ends when it is large, also where its page would not be full for long.
func TestLargeDictionary(t *testing.T) {
	const n = 50_000
	lines := make([][]byte, n)
	for i := range lines {
		lines[i] = fmt.Appendf(nil, `{"eventId":"%d","eventVersion":1,"eventName":"a%d","userAgent":"%064d"}`, i, i%10, i)
	}
	file := write(t, parquet.NewForm(parquet.DefaultLevel), lines)
	got, err := read(file)
	if err != nil || len(got) != n || !bytes.Equal(got[n-1], lines[n-1]) {
		t.Fatalf("%d lines, %v", len(got), err)
	}
	f, err := library.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	if rows := f.NumRows(); rows != n || len(f.RowGroups()) != 1 {
		t.Errorf("the library reads %d rows in %d row groups", rows, len(f.RowGroups()))
	}
	for i, chunk := range f.Metadata().RowGroups[0].Columns {
		plain := slices.ContainsFunc(chunk.MetaData.EncodingStats, func(s format.PageEncodingStats) bool {
			return s.PageType == format.DataPage && s.Encoding == format.Plain
		})
		if name := chunk.MetaData.PathInSchema[0]; name == "user_agent" && !plain || name == "event_name" && plain {
			t.Errorf("column %d, %s: %+v", i, name, chunk.MetaData.EncodingStats)
		}
	}
}
