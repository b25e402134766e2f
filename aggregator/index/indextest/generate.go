package indextest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// world draws events and queries from the same small sets of values, so that queries find something.
type world struct {
	*rand.Rand
	start time.Time
	made  int
	known []event.Event // drawn before
}

func (w *world) of(values ...string) string { return values[w.IntN(len(values))] }

var long = func() string {
	b := make([]byte, query.MaxValue+300)
	for i := range b {
		b[i] = 'a' + byte(i%7)
	}
	return string(b)
}()

func (w *world) user() string {
	return w.of("", "alice", "Alice", "bob", "b", "日本", `q"uo\te`, "10.0.0.1", "deploy-bot", "deploy bot", long)
}

func (w *world) ip() string {
	return w.of("", "10.0.0.1", "10.0.0.2", "10.1.2.3", "192.168.7.9", "2001:db8::1", "::ffff:10.0.0.1", "internal", "vpc.example.com")
}

func (w *world) word() string {
	return w.of("denied", "Denied", "access", "quota.exceeded", "not-found", "i-0abc", "資源", "0123456789abcdef0123", "x", "the")
}

func (w *world) prose() string {
	text := w.of("", "", "", "!? ")
	for range w.IntN(5) {
		text += w.word() + w.of(" ", ", ", ": ", "\n", ".")
	}
	return text
}

func (w *world) name() string {
	return w.of("RunInstances", "DeleteInstance", "DescribeInstances", "CreateUser", "Login")
}

// path is a leaf that bodies have.
func (w *world) path() string {
	return w.of("InstanceId", "Tag.Key", "Tag.Value", "a.b", "Count", "Deep.a.b.c", "", "é", "none", long[:300])
}

func (w *world) value() any {
	switch w.IntN(8) {
	case 0:
		return w.IntN(3)
	case 1:
		return w.IntN(2) == 0
	case 2:
		return nil
	case 3:
		return []any{w.word(), w.user(), w.word()}
	case 4:
		return map[string]any{"b": w.word(), "": w.user()}
	}
	return w.of(w.word(), w.user(), w.ip(), w.prose())
}

func (w *world) object() event.Object {
	if w.IntN(3) == 0 {
		return ""
	}
	m := map[string]any{}
	for range w.IntN(4) {
		m[w.of("InstanceId", "a", "a.b", "Count", "é", "", long[:300])] = w.value()
	}
	if w.IntN(3) == 0 {
		m["Tag"] = []any{map[string]any{"Key": w.word(), "Value": w.user()}, map[string]any{"Key": w.word()}}
	}
	if w.IntN(5) == 0 {
		m["Deep"] = map[string]any{"a": map[string]any{"b": map[string]any{"c": w.word()}}}
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	o, err := event.ParseObject(b)
	if err != nil {
		panic(err)
	}
	return o
}

// time is within three days, and often one that another event has too.
func (w *world) time() event.Time {
	switch w.IntN(4) {
	case 0:
		return event.At(w.start.Add(time.Duration(w.IntN(72))*time.Hour), 0)
	case 1:
		return event.At(w.start.Add(time.Duration(w.Int64N(int64(72*time.Hour)))), 9)
	}
	return event.At(w.start.Add(time.Duration(w.Int64N(int64(72*time.Hour)))), uint8(w.IntN(4)))
}

// id is a UUID as agents make them, or, rarely, what other writers do.
func (w *world) id() string {
	w.made++
	if w.IntN(20) == 0 {
		return fmt.Sprintf("%s%d", w.of("audit ", "é-", `"`, "ffff-"), w.made)
	}
	base := event.NewIDBase("key", "source", "file", w.Uint64())
	return base.ID(int64(w.made))
}

// event is one with every field set in some way. It is as it comes from its canonical JSON.
func (w *world) event() event.Event {
	e := event.Event{
		ID: w.id(), Category: event.CategoryManagement, Type: w.of(event.TypeAPICall, event.TypeConsoleSignin), Name: w.name(),
		RW: w.of(event.Write, event.Read), Source: w.of("ecs.example.com", "iam.example.com"), Service: w.of("Ecs", "Iam", "Oss"),
		APIVersion: w.of("", "2014-05-26"), Time: w.time(), Region: w.of("cn-hangzhou", "eu-1", ""), Global: w.IntN(4) == 0,
		SourceIP: w.ip(), UserAgent: w.of("", "sdk/1.0 (linux)", long+"x", long+"y"), VPCID: w.of("", "vpc-1"), RequestID: fmt.Sprint("req-", w.IntN(500)),
		RequestParameters: w.object(), RequestParameterJSON: w.of("", `{"a":"access"}`), ResponseElements: w.object(),
		ErrorMessage: w.prose(), ReferencedResources: w.object(), ResourceType: w.of("", "ACS::ECS::Instance"), ResourceName: w.of("", "i-1", "i-2", "i-0abc"),
		RecipientAccountID: w.of("", "1001"), Attributes: w.object(), Additional: w.object(),
		Identity: event.Identity{
			Type: w.of("ram-user", "assumed-role", ""), PrincipalID: w.of("", "p-1"), AccountID: w.of("1001", "1002"), UserName: w.user(),
			AccessKeyID: w.of("", "AK1", "AK2"), SessionAttributes: w.object(), SessionIssuer: w.object(), Trust: w.of(event.TrustVerified, event.TrustClaimed),
			Source: w.of("", "jwt.sub"),
		},
		Origin: event.Origin{
			Agent: "agent", Source: w.of("gateway", "console"), Epoch: w.Uint64N(3), Batch: w.Uint64N(50), Index: w.Uint64N(10), File: w.of("/var/log/a.log", "/var/log/b.log"),
			FileID: "1:2", Offset: w.Int64N(1 << 40), Length: w.Int64N(2000), Mapper: w.of("m/1", ""),
		},
		Raw: w.of("", "", "raw denied line"),
	}
	if w.IntN(4) == 0 {
		e.ErrorCode = w.of("Forbidden", "Throttling", "NotFound")
	}
	if w.IntN(3) > 0 {
		e.Origin.Observed = w.time()
	}
	e = canonical(e)
	w.known = append(w.known, e)
	return e
}

// canonical is the event as it comes from its canonical JSON.
func canonical(e event.Event) event.Event {
	c, err := event.ParseJSON(e.AppendJSON(nil))
	if err != nil {
		panic(err)
	}
	return c
}

func field(name string) event.Field {
	f, _, ok := event.Lookup(name)
	if !ok {
		panic(name)
	}
	return f
}

// Events are n events as Run uses them; the same seed gives the same ones.
func Events(seed uint64, n int) []event.Event {
	w := world{Rand: rand.New(rand.NewPCG(seed, 3)), start: Start}
	events := make([]event.Event, n)
	for i := range events {
		events[i] = w.event()
	}
	return events
}

// expr is a random query; every kind of node comes up.
func (w *world) expr(depth int) query.Expr {
	kind := w.IntN(15)
	if depth == 0 {
		kind = 4 + w.IntN(11)
	}
	switch kind {
	case 0, 1:
		return query.And{Exprs: []query.Expr{w.expr(depth - 1), w.expr(depth - 1)}}
	case 2:
		return query.Or{Exprs: []query.Expr{w.expr(depth - 1), w.expr(depth - 1), w.expr(depth - 1)}}
	case 3:
		return query.Not{Expr: w.expr(depth - 1)}
	case 4, 5, 6:
		return w.term()
	case 7:
		return w.wildcard()
	case 8:
		return w.exists()
	case 9:
		at := w.time().Nanos
		if w.IntN(3) == 0 && len(w.known) > 0 {
			at = w.known[w.IntN(len(w.known))].Time.Nanos
		}
		return query.TimeRange{Field: field(w.of("eventTime", "origin.observedTime")), Op: query.Op(w.IntN(5)), Bound: at}
	case 10:
		return query.NumberRange{Field: field(w.of("origin.batch", "origin.epoch", "origin.index", "origin.length")), Op: query.Op(w.IntN(5)), Bound: w.Uint64N(20)}
	case 11:
		return query.CIDR{Field: field("sourceIpAddress"), Prefix: netip.MustParsePrefix(w.of("10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "2001:db8::/32", "::/0"))}
	case 12:
		return query.Phrase{Field: field(w.of("errorMessage", "requestParameterJson", "raw")), Tokens: w.tokens()}
	case 13:
		text := w.of(w.word(), w.user(), w.ip(), w.name(), w.word()+" "+w.word(), w.anyID(), "Iam")
		return query.Text{Value: query.Cut(text), Tokens: query.Tokens(text)}
	}
	return w.textWildcard()
}

func (w *world) anyID() string {
	if len(w.known) == 0 {
		return "none"
	}
	return w.known[w.IntN(len(w.known))].ID
}

func (w *world) tokens() []string {
	for {
		if t := query.Tokens(w.prose() + w.word()); len(t) > 0 {
			return t
		}
	}
}

func (w *world) body() string {
	return w.of("requestParameters", "responseElements", "eventAttributes", "userIdentity.sessionContext.attributes")
}

func (w *world) term() query.Expr {
	switch w.IntN(8) {
	case 0:
		return query.Term{Field: field(w.body()), Path: w.path(), Value: query.Cut(w.of(w.word(), w.user(), "true", "1", ""))}
	case 1:
		return query.Term{Field: field("eventId"), Value: query.Cut(w.anyID())}
	case 2:
		return query.Term{Field: field("isGlobal"), Value: "true"}
	case 3:
		return query.Term{Field: field("eventName"), Value: w.name()}
	case 4:
		return query.Term{Field: field("sourceIpAddress"), Value: w.of("internal", "vpc.example.com")}
	case 5:
		return query.Term{Field: field(w.of("eventRW", "serviceName", "errorCode")), Value: w.of("Write", "Iam", "Forbidden")}
	case 6:
		return query.Term{Field: field("userAgent"), Value: query.Cut(w.of(long, "sdk/1.0 (linux)"))}
	}
	return query.Term{Field: field("userIdentity.userName"), Value: query.Cut(w.user() + w.of("", "", "x"))}
}

func (w *world) wildcard() query.Expr {
	parts := [][]string{{"", ""}, {"De", ""}, {"", "Instances"}, {"D", "Inst", ""}, {"", "li", ""}, {"a", "e"}, {"", "denied", ""}, {"zz", ""}}[w.IntN(8)]
	switch w.IntN(4) {
	case 0:
		return query.Wildcard{Field: field(w.body()), Path: w.path(), Parts: parts}
	case 1:
		return query.Wildcard{Field: field("errorMessage"), Parts: [][]string{{"den", ""}, {"", "found"}, {"quota", "ed"}, {"", ""}}[w.IntN(4)]}
	case 2:
		return query.Wildcard{Field: field("eventId"), Parts: [][]string{{"a", ""}, {"", "7"}, {"audit", ""}}[w.IntN(3)]}
	}
	return query.Wildcard{Field: field(w.of("eventName", "userIdentity.userName", "sourceIpAddress", "vpcId")), Parts: parts}
}

func (w *world) exists() query.Expr {
	if w.IntN(2) == 0 {
		return query.Exists{Field: field(w.body()), Path: w.path()}
	}
	return query.Exists{Field: field(w.of("errorCode", "userIdentity.userName", "isGlobal", "errorMessage", "origin.observedTime", "eventTime", "origin.batch", "raw", "eventId", "requestParameters"))}
}

func (w *world) textWildcard() query.Expr {
	i := w.IntN(6)
	return query.TextWildcard{
		Parts: [][]string{{"Den", ""}, {"", "Instance"}, {"ali", ""}, {"a", ""}, {"audit", ""}, {"f", ""}}[i],
		Lower: [][]string{{"den", ""}, {"", "instance"}, {"ali", ""}, {"a", ""}, {"audit", ""}, {"f", ""}}[i],
	}
}
