package mapper

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// groups are the texts of the fields that event.Kinds speak of.
func groups(e *event.Event) [3]string {
	u := e.Identity
	return [3]string{
		fmt.Sprintf("%q", []any{e.Category, e.Type, e.Name, e.RW, e.Service, e.APIVersion, e.Region, e.VPCID, e.ResponseElements, e.ReferencedResources,
			e.ResourceType, e.RecipientAccountID, e.Attributes, e.Origin.Mapper, e.DuplicateOf, e.Extra}),
		fmt.Sprintf("%q", []any{u.Type, u.Trust, u.Source, u.SessionAttributes, u.SessionIssuer, u.Extra}),
		fmt.Sprintf("%q", []any{e.ErrorCode, e.ErrorMessage}),
	}
}

// promise holds a mapper to what its kinds say.
type promise struct {
	m       *Mapper
	said    [3]map[uint16]string
	records int
	known   [3]int // of the records, how many have a kind
}

func (p *promise) hold(t *testing.T, record string) event.Event {
	t.Helper()
	var e event.Event
	if err := p.m.Map(&plugins.Record{Data: []byte(record)}, &e); err != nil {
		return e
	}
	p.records++
	kinds := p.m.Kinds()
	for i, kind := range [3]uint16{kinds.Action, kinds.Who, kinds.Outcome} {
		if kind == 0 {
			continue
		}
		p.known[i]++
		if p.said[i] == nil {
			p.said[i] = map[uint16]string{}
		}
		text := groups(&e)[i]
		if said, ok := p.said[i][kind]; ok && said != text {
			t.Errorf("group %d: kind %d is of two texts:\n%s\n%s\nrecord %s", i, kind, said, text, record)
		}
		p.said[i][kind] = strings.Clone(text)
	}
	return e
}

// Of all golden records, in the rules and without any, those of one kind say the same.
func TestKindsOfGoldenRecords(t *testing.T) {
	for name, opt := range goldenOptions(t) {
		file, err := os.ReadFile(filepath.Join("testdata", name+".golden"))
		if err != nil {
			t.Fatal(err)
		}
		bare, given := opt, MapsEvents(opt.Format)
		bare.Rules = nil
		if given {
			bare.Format = formatAuto
		}
		for _, opt := range []Options{opt, bare} {
			p := promise{m: newMapper(t, opt)}
			for range 2 {
				for line := range strings.Lines(string(file)) {
					if record, ok := strings.CutPrefix(line, "> "); ok {
						p.hold(t, strings.TrimSuffix(record, "\n"))
					}
				}
			}
			if !given && p.records > 0 && p.known[2] == 0 {
				t.Errorf("%s: no outcome of %d has a kind", name, p.records)
			}
		}
	}
}

// Every combination of what makes an event another one, under rules that use every part of them.
func TestKindsOfEveryCombination(t *testing.T) {
	t.Parallel()
	rules := shop(t)
	rules.Identity.Order, rules.Identity.Trust = []string{"consumer", "header:x-who", "remote_user"}, map[string]string{"consumer": "verified"}
	rules.RPC = []RPC{{Route: Route{Pattern: pattern(t, "GET /rpc"), Service: Literal("Rpc")}}}
	rules.GRPC = true
	versioned := *rules
	versioned.Routes = []Route{
		{Pattern: pattern(t, "* /instances/{id}"), Action: Literal("Touch"), APIVersion: value(t, "query.page")},
		{Pattern: pattern(t, "GET /rpc"), Action: Literal("Call"), ResourceType: value(t, "query.Action")},
		{Pattern: pattern(t, "* /elsewhere/{id}"), Action: value(t, "path.id")},
		{Pattern: pattern(t, "* /instances/{id}/stop"), Action: Literal("Stop"), Service: value(t, "remote_user")},
	}
	versioned.Identity.Type = value(t, "remote_user")
	versioned.Default.Action = Join(value(t, "remote_user"), value(t, "template"))
	typed := *rules
	typed.Identity.Type, typed.Identity.UserName, typed.Default.Action = Literal("ram-user"), value(t, "fields.error"), Literal("Other")
	shaped := *rules
	shaped.Default.Action = Join(value(t, "method"), Literal(" "), apply(t, "upper", value(t, "template")))
	plain := &Rules{Identity: Identity{UserName: value(t, "fields.error")}}
	for name, rules := range map[string]*Rules{"shop": rules, "versioned": &versioned, "typed": &typed, "shaped": &shaped, "plain": plain} {
		p := promise{m: newMapper(t, Options{Format: "nginx", Rules: rules})}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			for _, path := range []string{"/v1/instances/i-1/stop?page=1", "/v1/instances/i-2/stop", "/v1/instances/search", "/v1/instances/i-3?page=2", "/v1/repos/a/b/contents/c", "/v1/?Action=DescribeInstances",
				"/v1/signin", "/v1/reset/x", "/v1/rpc?Action=PutOrder&Version=1", "/v1/rpc?Action=GetOrder", "/v1/elsewhere/7", "/v1/elsewhere/8", "/v1/elsewhere", "/other/7", "/shop.v1.Orders/Get", "*", ""} {
				for _, more := range []string{`,"status":200`, `,"status":401`, `,"status":503`, `,"status":200,"error":"E1"`, `,"status":403,"error":"E2"`, `,"status":200,"grpc_status":"5"`} {
					for _, who := range []string{"", `,"remote_user":"alice"`, `,"remote_user":"bob","consumer":"c1"`, `,"http_x_who":"w"`, `,"remote_user":"root"`} {
						for _, where := range []string{`,"http_host":"a.shop.example"`, `,"http_host":"b.example","http_referer":"https://console.b/"`, `,"http_host":"a.shop.example","http_referer":"https://console.a/"`} {
							p.hold(t, `{"time_iso8601":"2026-11-21T01:26:57Z","request_method":"`+method+`","request_uri":"`+path+`"`+more+who+where+`}`)
						}
					}
				}
			}
		}
		t.Logf("%s: %d records, of which %d have kinds", name, p.records, p.known)
		if p.records < 1000 || p.known[0] == 0 && name != "versioned" || p.known[2] < p.records/3 {
			t.Errorf("%s: of %d records too few have kinds: %d", name, p.records, p.known)
		}
	}
}

// What the gateway itself tells of a request makes its event another one.
func TestKindsOfWhatIsTold(t *testing.T) {
	rules := shop(t)
	rules.Match, rules.Identity.Order = Match{}, []string{"k8s.user", "remote_user"}
	rules.GraphQL = []GraphQL{{Route: Route{Pattern: pattern(t, "POST /graphql"), Action: Literal("Ask")}, Operation: value(t, "request_id"), Kind: value(t, "consumer")}}
	p := promise{m: newMapper(t, Options{Format: "nginx", Rules: rules})}
	var fill func(q *request)
	p.m.read = func(m *Mapper, _ []byte) error { fill(&m.request); return nil }
	for _, path := range []string{"/instances/search", "/reset/x", "/elsewhere", "/graphql"} {
		for _, status := range []int{200, 404} {
			for _, told := range []told{{}, {id: "1"}, {id: "2", rw: event.Read, apiVersion: "v1"}, {action: "A", service: "S"}, {action: "B", resourceType: "T"}, {errorCode: "E1"}, {errorCode: "E2", errorMessage: "why"},
				{actor: actor{name: "a", kind: "system"}}, {actor: actor{name: "b", kind: "user", extra: `{"arn":"b"}`}}} {
				for _, upstream := range []string{"", "u1", "u2"} {
					for i, kind := range []string{"query", "mutation"} {
						fill = func(q *request) {
							q.method, q.path, q.status, q.upstream, q.told, q.requestID, q.consumer = "POST", path, status, upstream, told, "Op"+upstream, kind
							q.user, q.session = "u", []session{{}, {role: upstream, client: upstream}}[i]
						}
						p.hold(t, fmt.Sprint(path, status, told, upstream, kind))
					}
				}
			}
		}
	}
	if p.records < 400 || p.known[0] < 60 || p.known[2] < p.records/2 {
		t.Errorf("of %d records %d have kinds", p.records, p.known)
	}
}

// What literals and the few sources of identity decide has a kind, or kinds save nothing.
func TestLiteralsHaveKinds(t *testing.T) {
	rules := shop(t)
	for _, record := range []string{
		`{"time_iso8601":"2026-11-21T01:26:57Z","request":"POST /v1/instances/i-1/stop HTTP/1.1","status":200,"remote_user":"a","http_host":"a.shop.example"}`,
		`{"time_iso8601":"2026-11-21T01:26:57Z","request":"POST /v1/instances/search HTTP/1.1","status":404,"http_host":"a.shop.example"}`,
		`{"time_iso8601":"2026-11-21T01:26:57Z","request":"GET /nowhere HTTP/1.1","status":500,"http_host":"a.shop.example"}`,
	} {
		p := promise{m: newMapper(t, Options{Format: "nginx", Rules: rules})}
		if e := p.hold(t, record); p.known != [3]int{1, 1, 1} {
			t.Errorf("%s: %+v for %s", record, p.m.Kinds(), e.Name)
		}
	}
	// What fails, and what is no request, leaves none of the record before.
	m := newMapper(t, Options{Format: "nginx"})
	mapped(m, benchJSON)
	mapped(m, "{")
	if m.Kinds() != (event.Kinds{}) {
		t.Errorf("a record that is none has %+v", m.Kinds())
	}
}
