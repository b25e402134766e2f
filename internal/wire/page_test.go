package wire

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/actiontrail/actiontrail/event"
	pb "github.com/actiontrail/actiontrail/proto/actiontrail/v1"
)

// table is the rows of the page's table with this head.
func table(t *testing.T, page, head string) string {
	t.Helper()
	_, after, ok := strings.Cut(page, "\n"+head+"\n")
	if !ok {
		t.Fatalf("docs/format/batch.md has no table %s", head)
	}
	_, after, _ = strings.Cut(after, "\n") // |---|
	rows, _, _ := strings.Cut(after, "\n\n")
	return rows + "\n"
}

func batchPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/format/batch.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// The page lists exactly the header's fields, in order.
func TestPageListsTheHeader(t *testing.T) {
	var want, got []string
	fields := (&pb.BatchHeader{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		want = append(want, fmt.Sprintf("%d %s", fields.Get(i).Number(), fields.Get(i).Name()))
	}
	for row := range strings.Lines(table(t, batchPage(t), "| no. | field | type | content |")) {
		cells := strings.Split(row, " | ")
		got = append(got, strings.TrimPrefix(cells[0], "| ")+" "+strings.Trim(cells[1], "`"))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("docs/format/batch.md (-want +got):\n%s", d)
	}
}

// The page lists exactly the columns, and of each the field of the event that travels in it.
func TestPageListsTheColumns(t *testing.T) {
	var want, got []string
	fields := (&pb.Columns{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		want = append(want, fmt.Sprintf("| %d | `%s` | %s | %s", f.Number(), f.Name(), kindOfColumn(f), fieldOfColumn(t, int(f.Number()))))
	}
	for row := range strings.Lines(table(t, batchPage(t), "| no. | column | kind | field of the event |")) {
		row, _, _ = strings.Cut(strings.TrimSuffix(row, " |\n"), ":") // what follows the colon tells more
		got = append(got, row)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("docs/format/batch.md (-want +got):\n%s", d)
	}
}

func kindOfColumn(f protoreflect.FieldDescriptor) string {
	switch {
	case f.Number() <= nStrings && isObject[f.Number()-1]:
		return "objects"
	case f.Message() == nil:
		return "bits"
	}
	return strings.ToLower(string(f.Message().Name()))
}

// fieldOfColumn sets what the column holds, and finds the field that has a value now.
func fieldOfColumn(t *testing.T, number int) string {
	t.Helper()
	var e event.Event
	switch number {
	case 34:
		return "further members of `userIdentity`"
	case 40:
		return "further members of the event"
	case colGeneration:
		return "none"
	case colTime:
		e.Time = event.Unix(1, 9)
	case colObserved:
		e.Origin.Observed = event.Unix(1, 9)
	case colOffset:
		e.Origin.Offset = 1
	case colLength:
		e.Origin.Length = 1
	case colGlobal:
		e.Global = true
	case colStatus:
		e.Exchange.Status = 1
	case colBytes:
		e.Exchange = event.Exchange{Status: 1, Bytes: 1}
	case colDuration:
		e.Exchange = event.Exchange{Status: 1, DurationMs: 1}
	default:
		var p [nStrings]*string
		point(&p, &e)
		if number > exchangeMethod {
			e.Exchange.Status = 1
		}
		*p[number-1] = "x"
	}
	for _, f := range event.Fields() {
		if f.Value(&e) != f.Value(&event.Event{}) {
			return "`" + f.Name + "`"
		}
	}
	t.Fatalf("column %d sets no field", number)
	return ""
}

var exampleRow = regexp.MustCompile("(?m)^\\| `([0-9a-f …]+)` \\|")

// The bytes that the page explains are those of the golden batch: the frame and
// the header from their beginning on, then parts of the columns.
func TestPageExample(t *testing.T) {
	golden, err := os.ReadFile("testdata/batch.hex")
	if err != nil {
		t.Fatal(err)
	}
	msg, err := hex.DecodeString(strings.ReplaceAll(string(golden), "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	p, _, hash, err := read(msg)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := s2.Decode(nil, p.body)
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(batchPage(t), "\n## Example\n")
	head, columns, ok := strings.Cut(example, "its columns")
	if !ok || !strings.Contains(head, hash.String()) {
		t.Errorf("the example does not name the batch's hash %s", hash)
	}
	for _, length := range []string{fmt.Sprintf("a batch of %d bytes", len(msg)), fmt.Sprintf("a header of %d the", len(p.header)),
		fmt.Sprintf("a body of %d which is %d before", len(p.body), len(raw))} {
		if !strings.Contains(strings.ReplaceAll(head, ",", ""), length) {
			t.Errorf("the example does not tell of %s", length)
		}
	}
	rows := exampleRow.FindAllStringSubmatch(head, -1)
	rest, anywhere := p.signed, false
	for _, row := range rows {
		for part := range strings.SplitSeq(strings.ReplaceAll(row[1], " ", ""), "…") {
			b, err := hex.DecodeString(part)
			at := bytes.Index(rest, b)
			if err != nil || at < 0 || at > 0 && !anywhere {
				t.Fatalf("%s does not follow in the golden header (%v)", row[1], err)
			}
			rest, anywhere = rest[at+len(b):], true // within a row an ellipsis follows
		}
		anywhere = strings.Contains(row[1], "…") // its end may have been found too early
	}
	more := exampleRow.FindAllStringSubmatch(columns, -1)
	for _, row := range more {
		at := raw
		for part := range strings.SplitSeq(strings.ReplaceAll(row[1], " ", ""), "…") {
			b, err := hex.DecodeString(part)
			_, after, found := bytes.Cut(at, b)
			if err != nil || !found {
				t.Fatalf("%s is not in the golden columns (%v)", row[1], err)
			}
			at = after
		}
	}
	if len(rows) < 10 || len(more) < 6 {
		t.Errorf("%d and %d rows of the example were found", len(rows), len(more))
	}
}
