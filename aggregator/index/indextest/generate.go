package indextest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// world draws events from small sets of values, so that queries find something.
type world struct {
	*rand.Rand
	start  time.Time
	made   int
	known  []event.Event  // drawn before
	bodies []event.Object // of rich events, drawn before
	texts  []string       // of rich events, drawn before
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
func (w *world) event() event.Event { return w.finish(w.draft()) }

func (w *world) finish(e event.Event) event.Event {
	e = canonical(e)
	w.known = append(w.known, e)
	return e
}

func (w *world) draft() event.Event {
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

// Events are n events as Run uses them; the same seed gives the same ones.
func Events(seed uint64, n int) []event.Event {
	w := newWorld(seed)
	events := make([]event.Event, n)
	for i := range events {
		events[i] = w.event()
	}
	return events
}
