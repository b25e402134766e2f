package mapper

import (
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// A client may send the audit id of an act that was before: the second act is
// another event. A record that comes twice is one, however it comes.
func TestKubernetesEventIDs(t *testing.T) {
	m := newMapper(t, Options{Format: "kubernetes"})
	const first = `{"kind":"Event","auditID":"a-1","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/foo/pods/web","verb":"delete","user":{"username":"alice","uid":"u-1"},"objectRef":{"resource":"pods","namespace":"foo","name":"web"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-21T01:26:57.000001Z","stageTimestamp":"2026-11-21T01:26:57.000009Z"}`
	one := mapOne(t, m, first)
	id := strings.Clone(one.ID)
	if _, ok := event.ParseUUID(id); !ok || one.RequestID != "a-1" {
		t.Fatalf("the event is %q of request %q", id, one.RequestID)
	}
	fresh := newMapper(t, Options{Format: "kubernetes", Rules: clusterRules(t), KeepRaw: true})
	for what, again := range map[string]string{
		"by file":    first,
		"by webhook": `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[` + first + `]}`,
		"spaced":     strings.ReplaceAll(first, `,"`, `, "`),
		"with more":  strings.Replace(first, `"kind"`, `"level":"Request","requestObject":{"a":1},"annotations":{"x":"y"},"kind"`, 1),
	} {
		if got := mapOne(t, fresh, again).ID; got != id {
			t.Errorf("the same record %s: %s, want %s", what, got, id)
		}
	}
	seen := map[string]string{id: "the first"}
	for _, change := range [][2]string{
		{".000001Z", ".000002Z"}, {`"delete"`, `"get"`}, {"/pods/web", "/pods/web?x=1"}, {`"alice"`, `"bob"`}, {`"u-1"`, `"u-2"`}, {`"ResponseComplete"`, `"Panic"`}, {`"a-1"`, `"a-2"`},
		{`"username":"alice","uid":"u-1"`, `"username":"aliceu","uid":"-1"`}, // the same text where it is joined
	} {
		what := strings.Join(change[:], " to ")
		got := mapOne(t, m, strings.Replace(first, change[0], change[1], 1)).ID
		if before, ok := seen[got]; ok {
			t.Errorf("%s has the id of %s", what, before)
		}
		seen[strings.Clone(got)] = what
	}
	if e := mapOne(t, m, `{"auditID":"a-1","stage":"ResponseComplete","requestURI":"/version","verb":"get","user":{"username":"alice"},"responseStatus":{"code":200},"requestReceivedTimestamp":"2026-11-21T01:26:57Z"}`); e.Name != "GET /version" || e.ID == "" || e.ID == id {
		t.Errorf("a request of no resource is %q %q", e.Name, e.ID)
	}
}
