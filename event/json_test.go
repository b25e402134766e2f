package event

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func number(s string) json.Number { return json.Number(s) }

func diff(want, got any) string { return cmp.Diff(want, got, cmpopts.EquateComparable(Time{})) }

// reparse reads what AppendJSON wrote, and checks that it is JSON and stays as it is.
func reparse(t *testing.T, e *Event) Event {
	t.Helper()
	b := e.AppendJSON([]byte("before"))[6:]
	if !json.Valid(b) {
		t.Fatalf("not JSON: %s", b)
	}
	got, err := ParseJSON(b)
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	if again := got.AppendJSON(nil); string(again) != string(b) {
		t.Fatalf("not stable:\n%s\n%s", b, again)
	}
	if !got.ValidExtra() {
		t.Fatalf("extra keys of %s", b)
	}
	return got
}

func TestEventComesBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		e := randomEvent(r)
		if got := reparse(t, &e); got != e {
			t.Fatal(diff(e, got))
		}
	}
}

// What is not UTF-8 cannot come back as it was, but what does come must stay.
func TestNotUTF8(t *testing.T) {
	e := Event{ID: "a\xffb\xfe\xfd", Identity: Identity{UserName: "\xc3"}}
	got := reparse(t, &e)
	if got.ID != "a\uFFFDb\uFFFD\uFFFD" || got.Identity.UserName != "\uFFFD" {
		t.Errorf("%q %q", got.ID, got.Identity.UserName)
	}
}

// The canonical form is hashed and signed in archives: it must never change.
func TestGoldenJSON(t *testing.T) {
	at, err := ParseTime("2021-08-05T09:21:32.100Z")
	if err != nil {
		t.Fatal(err)
	}
	e := Event{
		ID: "239eb588-cd24-822e-b0b5-174a1a580001", Category: CategoryManagement, Type: TypeAPICall, Name: "StopInstance", RW: Write,
		Source: "ecs.example.com", Service: "Ecs", APIVersion: "2014-05-26", Time: at, Region: "cn-hangzhou", Global: true,
		SourceIP: "192.0.2.7", UserAgent: `a"b\` + "\x01\u2028</", VPCID: "vpc-1", RequestID: "r-1",
		RequestParameters: `{"InstanceId":"i-1","Tag.1.Key":"x"}`, RequestParameterJSON: `{}`, ResponseElements: `{"n":1.0}`,
		ErrorCode: "403", ErrorMessage: "no", ReferencedResources: `{"ACS::ECS::Instance":["i-1"]}`, ResourceType: "ACS::ECS::Instance", ResourceName: "i-1",
		RecipientAccountID: "1", Attributes: `{"s":true}`, Additional: `{"k":null}`,
		Identity: Identity{Type: "ram-user", PrincipalID: "2", AccountID: "1", UserName: "alice", AccessKeyID: "LTAI", SessionAttributes: `{"mfaAuthenticated":"true"}`,
			SessionIssuer: `{"type":"Role"}`, Trust: TrustClaimed, Source: "remote_user", Extra: `{"arn":"a"}`},
		Origin:      Origin{Agent: "gw-1", Source: "edge", Epoch: 1, Batch: 2, Index: 3, File: "/f", FileID: "id", Offset: 4, Length: 5, Observed: Unix(0, 0), Mapper: "m"},
		DuplicateOf: "d", Raw: "line", Extra: `{"zz":[]}`,
	}
	const want = `{"eventId":"239eb588-cd24-822e-b0b5-174a1a580001","eventVersion":1,"eventCategory":"Management","eventType":"ApiCall","eventName":"StopInstance","eventRW":"Write",` +
		`"eventSource":"ecs.example.com","serviceName":"Ecs","apiVersion":"2014-05-26","eventTime":"2021-08-05T09:21:32.100Z","acsRegion":"cn-hangzhou","isGlobal":true,"sourceIpAddress":"192.0.2.7",` +
		`"userAgent":"a\"b\\\u0001` + "\u2028" + `</","vpcId":"vpc-1","requestId":"r-1","requestParameters":{"InstanceId":"i-1","Tag.1.Key":"x"},"requestParameterJson":"{}","responseElements":{"n":1.0},` +
		`"errorCode":"403","errorMessage":"no","referencedResources":{"ACS::ECS::Instance":["i-1"]},"resourceType":"ACS::ECS::Instance","resourceName":"i-1","recipientAccountId":"1",` +
		`"eventAttributes":{"s":true},"additionalEventData":{"k":null},"userIdentity":{"type":"ram-user","principalId":"2","accountId":"1","userName":"alice","accessKeyId":"LTAI",` +
		`"sessionContext":{"attributes":{"mfaAuthenticated":"true"},"sessionIssuer":{"type":"Role"}},"trust":"claimed","source":"remote_user","arn":"a"},` +
		`"origin":{"agent":"gw-1","source":"edge","epoch":1,"batch":2,"index":3,"file":"/f","fileId":"id","offset":4,"length":5,"observedTime":"1970-01-01T00:00:00Z","mapper":"m"},` +
		`"duplicateOf":"d","raw":"line","zz":[]}`
	if d := cmp.Diff(want, string(e.AppendJSON(nil))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := reparse(t, &e); got != e {
		t.Error(diff(e, got))
	}
	// Every field of the form has a value here, so the table of fields can be checked as well.
	for _, f := range Fields() {
		if v := f.Value(&e); v == "" {
			t.Errorf("field %s has no value", f.Name)
		} else if !strings.Contains(want, f.Name[strings.LastIndexByte(f.Name, '.')+1:]) {
			t.Errorf("field %s is not in the JSON", f.Name)
		}
	}
}

func TestParseJSONOfOthers(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"version as text", `{"eventId":"1","eventVersion":"1"}`, `{"eventId":"1","eventVersion":1}`},
		{"no version", `{"eventId":"1"}`, `{"eventId":"1","eventVersion":1}`},
		{"empty is absent", `{"errorCode":"","errorMessage":null,"requestParameters":{},"responseElements":"","userIdentity":"","origin":null,"isGlobal":"","eventTime":""}`, `{"eventVersion":1}`},
		{"false is absent", `{"isGlobal":false}`, `{"eventVersion":1}`},
		{"true as text", `{"isGlobal":"true"}`, `{"eventVersion":1,"isGlobal":true}`},
		{"any order, white space", " {\n\"eventName\" : \"b\",\t\"eventId\":\"a\"} ", `{"eventId":"a","eventVersion":1,"eventName":"b"}`},
		{"digits of long ids stay", `{"requestParameters":{"id":1234567890123456789,"f":1.10}}`, `{"eventVersion":1,"requestParameters":{"f":1.10,"id":1234567890123456789}}`},
		{"keys with dots", `{"requestParameters":{"b.1":1,"a":{"d":0,"c":0}}}`, `{"eventVersion":1,"requestParameters":{"a":{"c":0,"d":0},"b.1":1}}`},
		{"unknown keys", `{"new":{"b":1,"a":[null]},"another":null}`, `{"eventVersion":1,"another":null,"new":{"a":[null],"b":1}}`},
		{"unknown keys of the identity", `{"userIdentity":{"arn":"x","type":"IAMUser"}}`, `{"eventVersion":1,"userIdentity":{"type":"IAMUser","arn":"x"}}`},
		{"unknown keys of the session", `{"userIdentity":{"sessionContext":{"webId":{"a":1},"attributes":{"b":"c"}}}}`,
			`{"eventVersion":1,"userIdentity":{"sessionContext":{"attributes":{"b":"c"}},"sessionContextExtra":{"webId":{"a":1}}}}`},
		{"unknown keys of the origin", `{"origin":{"host":"h","epoch":5}}`,
			`{"eventVersion":1,"origin":{"epoch":5,"batch":0,"index":0,"offset":0,"length":0},"originExtra":{"host":"h"}}`},
		{"the last of a key counts", `{"eventId":"a","eventId":"b","x":{"k":1,"k":2}}`, `{"eventId":"b","eventVersion":1,"x":{"k":2}}`},
		{"largest numbers", `{"origin":{"epoch":18446744073709551615,"offset":9223372036854775807}}`,
			`{"eventVersion":1,"origin":{"epoch":18446744073709551615,"batch":0,"index":0,"offset":9223372036854775807,"length":0}}`},
		{"zone and digits", `{"eventTime":"2021-08-05T11:21:32.50+02:00"}`, `{"eventVersion":1,"eventTime":"2021-08-05T09:21:32.50Z"}`},
	} {
		e, err := ParseJSON([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, string(e.AppendJSON(nil))); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		reparse(t, &e)
	}
}

func TestParseJSONRefuses(t *testing.T) {
	deep := `{"requestParameters":{"a":` + strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1) + `}}`
	for in, want := range map[string]string{
		``:                                       "unexpected end",
		`null`:                                   "not an event",
		`[]`:                                     "array",
		`{} {}`:                                  "after top-level",
		`{"eventVersion":2}`:                     "eventVersion: 2 is not supported",
		`{"eventName":7}`:                        "eventName: is not a string",
		`{"isGlobal":"yes"}`:                     "isGlobal: is not true or false",
		`{"eventTime":"today"}`:                  "eventTime:",
		`{"userIdentity":"bob"}`:                 "userIdentity: is not an object",
		`{"userIdentity":{"sessionContext":[]}}`: "sessionContext: is not an object",
		`{"origin":{"offset":-1}}`:               "origin: offset: is not a whole number",
		`{"origin":{"length":1e3}}`:              "origin: length: is not a whole number",
		`{"origin":{"offset":9223372036854775808}}`: "origin: offset: is too large",
		`{"requestParameters":"x"}`:                 "requestParameters: is a string, not an object",
		deep:                                        "nested deeper",
	} {
		if _, err := ParseJSON([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 5 {
		e := randomEvent(r)
		f.Add(e.AppendJSON(nil))
	}
	f.Add([]byte(`{"userIdentity":{"sessionContext":{"x":1}},"origin":{"y":2},"eventTime":"2021-08-05T1:21:32.50+02:00"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := ParseJSON(data)
		if err != nil {
			return
		}
		if got := reparse(t, &e); got != e {
			t.Fatal(diff(e, got))
		}
	})
}

// FuzzAppendJSON gives texts that come from anywhere.
func FuzzAppendJSON(f *testing.F) {
	f.Add("a", "b\xff", "k", int64(1), uint8(3), uint64(1<<63))
	f.Fuzz(func(t *testing.T, name, user, key string, nanos int64, digits uint8, epoch uint64) {
		parameters, err := NewObject(map[string]any{Text(key): Text(name), Text(user): Text(key)})
		if err != nil {
			t.Fatal(err)
		}
		const century = 100 * 365 * 86400 * 1e9
		e := Event{
			Name: name, Time: Unix(nanos%century, digits), Identity: Identity{UserName: user}, RequestParameters: parameters,
			Origin: Origin{Epoch: epoch, Offset: max(nanos, 0)},
		}
		got := reparse(t, &e)
		if got.Time != e.Time || got.RequestParameters != e.RequestParameters || got.Origin != e.Origin {
			t.Fatal(diff(e, got))
		}
		want := Event{Name: Text(name), Identity: Identity{UserName: Text(user)}}
		if Text(name) == name && Text(user) == user && (got.Name != want.Name || got.Identity != want.Identity) {
			t.Fatal(diff(want, got))
		}
	})
}
