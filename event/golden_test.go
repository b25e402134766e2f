package event

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func timeOf(t *testing.T, s string) Time {
	t.Helper()
	at, err := ParseTime(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// goldenEvents are one event of each form, by the name of its file.
func goldenEvents(t *testing.T) map[string]Event {
	origin := Origin{Agent: "gw-1", Source: "edge", Epoch: 18446744073709551615, Batch: 42, Index: 7, File: "/var/log/nginx/access.log", FileID: "65024-9986283-2cf24dba5fb0a30e",
		Offset: 535, Length: 512, Observed: timeOf(t, "2026-06-01T08:30:00.250000Z"), Mapper: "shop DeleteOrder"}
	at := timeOf(t, "2026-06-01T08:30:00.100Z")
	return map[string]Event{
		"least": {},
		"all": {
			ID: "2d90a32c-f898-85b1-a62e-dd1004dcb4f5", Category: CategoryManagement, Type: TypeAPICall, Name: "StopInstance", RW: Write, Source: "ecs.example.com", Service: "Ecs",
			APIVersion: "2014-05-26", Time: at, Region: "cn-hangzhou", Global: true, SourceIP: "192.0.2.7", UserAgent: "curl/8.5.0", VPCID: "vpc-1", RequestID: "r-1",
			RequestParameters: `{"InstanceId":"i-1"}`, RequestParameterJSON: `{"InstanceId":"i-1"}`, ResponseElements: `{"RequestId":"r-1"}`, ErrorCode: "Forbidden", ErrorMessage: "not authorized",
			ReferencedResources: `{"ACS::ECS::Instance":["i-1","i-2"]}`, ResourceType: "ACS::ECS::Instance", ResourceName: "i-1", RecipientAccountID: "1234567890123456", Attributes: `{"sensitive":true}`,
			Additional: `{"Scheme":"http"}`,
			Identity: Identity{Type: "assumed-role", PrincipalID: "300:dev", AccountID: "1234567890123456", UserName: "admin:dev", AccessKeyID: "STS.1", SessionAttributes: `{"mfaAuthenticated":"true"}`,
				SessionIssuer: `{"type":"Role"}`, Trust: TrustVerified, Source: "native", Extra: `{"arn":"acs:ram::1:role/admin"}`},
			Origin: origin, DuplicateOf: "caf95951-0ef6-8c3f-a8af-ed962c6c869f", Raw: "a line", Extra: `{"sharedEventID":"s"}`,
		},
		"api-call": {
			ID: "caf95951-0ef6-8c3f-a8af-ed962c6c869f", Category: CategoryManagement, Type: TypeAPICall, Name: "DeleteOrder", RW: Write, Source: "api.example.com", Service: "Shop", APIVersion: "v1", Time: at,
			Region: "cn-hangzhou", SourceIP: "2001:db8::1", UserAgent: "-", RequestID: "00112233445566778899aabbccddeeff", RequestParameters: `{"id":"ord-1","page":"2"}`,
			ErrorCode: "403", ErrorMessage: "Forbidden", ResourceType: "ACS::Shop::Order", ResourceName: "ord-1", Additional: `{"bytesSent":"512"}`,
			Identity: Identity{Type: "basic", PrincipalID: "alice", UserName: "alice", Trust: TrustClaimed, Source: "remote_user"}, Origin: origin,
		},
		"sign-in": {
			ID: "1.167_1627549154939_339a", Category: CategoryManagement, Type: TypeConsoleSignin, Name: "ConsoleSignin", RW: Write, Source: "https://signin.example.com/login.htm", Service: "AasCustomer",
			Time: timeOf(t, "2021-07-29T16:59:14+08:00"), Region: "cn-hangzhou", Global: true, SourceIP: "198.51.100.4", ErrorCode: "PasswordError", ErrorMessage: "the password is wrong",
			Additional: `{"isMFAChecked":"false","loginAccount":"owner@example.com"}`,
			Identity:   Identity{Type: "root-account", PrincipalID: "1234567890123456", AccountID: "1234567890123456", UserName: "root", Trust: TrustClaimed, Source: "native", Extra: `{"invokedBy":null}`},
			Extra:      `{"tlsDetails":{"tlsVersion":"TLSv1.3"}}`,
		},
		"role": {
			ID: "1da6d233-4f01-8d01-a112-72473c51492a", Category: CategoryData, Type: TypeAPICall, Name: "GetObject", RW: Read, Service: "Oss", Time: at, SourceIP: "Internal",
			Identity: Identity{Type: "assumed-role", PrincipalID: "300:dev", SessionIssuer: `{"principalId":"300","type":"Role","userName":"admin"}`, Trust: TrustVerified, Source: "accesskey"},
		},
		"unparsed": {
			ID: "2d90a32c-f898-85b1-a62e-dd1004dcb4f5", Category: CategoryManagement, Type: TypeServiceEvent, Name: NameUnparsed, RW: Write, Source: "gw-1", Service: "Actiontrail",
			Time: origin.Observed, SourceIP: "Internal", UserAgent: "actiontrail-agent", ErrorCode: "UnparsedRecord", ErrorMessage: "not JSON", Identity: Identity{Type: "anonymous", Trust: TrustNone},
			Origin: Origin{Agent: "gw-1", Source: "edge", File: "/f", FileID: "1-2-3", Length: 4, Observed: origin.Observed, Mapper: "shop"}, Raw: "\uFFFD{\x1b",
		},
		"system": {
			ID: "d004c2c9-151f-8629-a441-25e635872b74", Category: CategoryManagement, Type: TypeServiceEvent, Name: "BatchGap", RW: Write, Source: "actiontrail", Service: "Actiontrail", Time: at,
			RequestParameters: `{"agent":"gw-1","from":"3","seq":"12","to":"4"}`, ErrorCode: "BatchGap", ErrorMessage: "batches 3 to 4 of prod/gw-1/edge epoch 7 never came",
			ResourceType: "Actiontrail::Agent", ResourceName: "gw-1", Identity: Identity{Type: "system", UserName: "actiontrail", Trust: TrustVerified, Source: "native"},
			Origin: Origin{Agent: "self", Source: "system", Epoch: 1, Batch: 1, File: "system", FileID: "system", Length: 300, Observed: at},
		},
		"duplicate": {
			ID: "309ed33b-98b6-8062-abe4-309a8d0dd2b2", Category: CategoryManagement, Type: TypeServiceEvent, Name: "create", RW: Write, Time: timeOf(t, "1970-01-01T00:00:00.000000001Z"),
			Identity: Identity{Type: "anonymous", Trust: TrustNone}, DuplicateOf: "8f14e45f-ceea-467f-ab6d-4e0e3c1b2a59",
		},
		"escapes": {
			ID: "a/b", Name: "\"\\\b\f\n\r\t\x00\x1f\x7f", Source: "<a href='x'>&</a>", UserAgent: "\u00e9\u2028\u2029\U0001F600\uFFFD", Time: timeOf(t, "1969-12-31T23:59:59.9Z"),
			RequestParameters: `{"":null,"\n":"\u0001","Tag.1.Key":[],"a":{"b":{},"c":[1,[2,{"d":""}]]},"n":[-0,1.0,1E+400,12345678901234567890],"é":true,"😀":false}`,
			Identity:          Identity{UserName: "\u65e5\u672c"},
		},
	}
}

// TestGoldenFiles holds the canonical form still, for it is hashed and sealed in
// archives. Files that were once written must be readable for ever.
func TestGoldenFiles(t *testing.T) {
	all := goldenEvents(t)
	for name, e := range all {
		file := filepath.Join("testdata", name+".json")
		got := string(e.AppendJSON(nil)) + "\n"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("the bytes of %s have changed (-golden +now):\n%s", name, d)
		}
		old, err := ParseJSON(want)
		if err != nil || old != e {
			t.Errorf("%s is read as another event (%v, -want +got):\n%s", name, err, diff(e, old))
		}
		for _, o := range []Object{e.RequestParameters, e.Additional, e.Extra, e.Identity.Extra} {
			if !o.Valid() {
				t.Errorf("%s: the object %s is not canonical", name, o)
			}
		}
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(all) {
		t.Errorf("%d files of %d events (%v)", len(files), len(all), err)
	}
}

// TestGoldenIDs holds the ids still: a record that is read again after an update
// must be the same event. They were computed outside of this program, after docs/format/event.md.
func TestGoldenIDs(t *testing.T) {
	const key, file = "UDHMYFIH3QO524UVSUOCSCEI6CK23OIEJUNXHVUW43PQMXLIHPKPY3OP", "65024-9986283-2cf24dba5fb0a30e"
	page := eventPage(t)
	for _, c := range []struct {
		key, source, file string
		generation        uint64
		offset            int64
		id                string
		onPage            bool
	}{
		{key, "edge", file, 0, 0, "2d90a32c-f898-85b1-a62e-dd1004dcb4f5", true},
		{key, "edge", file, 0, 535, "caf95951-0ef6-8c3f-a8af-ed962c6c869f", true},
		{key, "edge", file, 3, 300, "1da6d233-4f01-8d01-a112-72473c51492a", true},
		{key, "edge", file, 1, 1 << 40, "51b0a343-76d7-8dd0-9c0a-2e6708e8cb27", false},
		{key, "system", "stream", 0, 38, "d004c2c9-151f-8629-a441-25e635872b74", false},
		{"", "", "", 0, 0, "309ed33b-98b6-8062-abe4-309a8d0dd2b2", false},
		{strings.Repeat("k", 200), "é", "f", math.MaxUint64, math.MaxInt64, "a3ce8376-bbc4-8f5c-9d99-2d5d0c05cd47", false},
	} {
		base := NewIDBase(c.key, c.source, c.file, c.generation)
		if got := base.ID(c.offset); got != c.id {
			t.Errorf("%.9s %s %s generation %d offset %d: %s, want %s", c.key, c.source, c.file, c.generation, c.offset, got, c.id)
		}
		if row := fmt.Sprintf("\n| %d | %d | `%s` |\n", c.generation, c.offset, c.id); c.onPage && !strings.Contains(page, row) {
			t.Errorf("docs/format/event.md lacks%s", row)
		}
	}
	if !strings.Contains(page, key) || !strings.Contains(page, file) {
		t.Error("docs/format/event.md has other examples of ids")
	}
}

func eventPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../docs/format/event.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// The page lists exactly the fields of an event with their types, in the order of the JSON.
func TestPageListsTheFields(t *testing.T) {
	_, rows, ok := strings.Cut(eventPage(t), "\n| field | type | content | there |\n|---|---|---|---|\n")
	if !ok {
		t.Fatal("docs/format/event.md has no table of fields")
	}
	rows, _, _ = strings.Cut(rows, "\n\n")
	types := map[Kind]string{Keyword: "string", IP: "string", Prose: "string", Timestamp: "time", Number: "number", Boolean: "boolean", Flattened: "object"}
	var want, got []string
	for i, f := range Fields() {
		if i == 1 {
			want = append(want, "`eventVersion` number") // no field to search: there is one value
		}
		want = append(want, "`"+f.Name+"` "+types[f.Kind])
	}
	for row := range strings.Lines(rows) {
		cells := strings.Split(strings.TrimPrefix(row, "| "), " | ")
		if len(cells) != 4 {
			t.Fatalf("%d cells: %s", len(cells), row)
		}
		got = append(got, cells[0]+" "+cells[1])
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("docs/format/event.md (-want +got):\n%s", d)
	}
	// The order of the table is that of the bytes.
	last, text := 0, string(must(os.ReadFile("testdata/all.json"))(t))
	for _, name := range got {
		name = strings.Trim(strings.Fields(name)[0], "`")
		at := strings.Index(text[last:], `"`+name[strings.LastIndexByte(name, '.')+1:]+`":`)
		if at < 0 {
			t.Fatalf("in all.json %s does not come after the field before it", name)
		}
		last += at
	}
}

// The page lists exactly the golden events.
func TestPageListsTheExamples(t *testing.T) {
	page := eventPage(t)
	_, rows, _ := strings.Cut(page, "\n| file | form |\n|---|---|\n")
	for name := range goldenEvents(t) {
		if !strings.Contains(rows, "| `"+name+".json` |") {
			t.Errorf("docs/format/event.md does not name %s.json", name)
		}
	}
	if n := strings.Count(rows, "| `"); n != len(goldenEvents(t)) {
		t.Errorf("docs/format/event.md names %d files", n)
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
