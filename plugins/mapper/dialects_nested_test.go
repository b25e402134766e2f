package mapper

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// gateway is a set of rules that asks for parts of nested records.
func gateway(t testing.TB) *Rules {
	return &Rules{
		Name: "gateway",
		Routes: []Route{
			{Pattern: pattern(t, "POST /orders/{id}/cancel"), Action: Literal("CancelOrder"), Service: Literal("Orders"),
				Parameters: []Named{{"tls", value(t, "fields.request.tls.version")}, {"tenant", value(t, "fields.request.headers.x-tenant")}, {"tags", value(t, "fields.route.tags")}},
				Additional: []Named{{"auth", value(t, "headers.authorization")}, {"cookie", value(t, "headers.cookie")}, {"reply", value(t, "fields.resp_headers.Server")}}},
		},
		Params: Params{Headers: []string{"X-Trace", "Authorization", "Cookie", "X-Api-Key"}},
	}
}

// clusterRules takes a part of what a request sent.
func clusterRules(t testing.TB) *Rules {
	return &Rules{
		Name:   "cluster",
		Ignore: []Pattern{pattern(t, "GET /healthz")},
		Routes: []Route{
			{Pattern: pattern(t, "PATCH /apis/apps/v1/namespaces/{ns}/deployments/{name}/scale"), Action: Literal("ScaleDeployment"),
				Parameters: []Named{{"replicas", value(t, "fields.requestObject.spec.replicas")}}},
			{Pattern: pattern(t, "POST /api/v1/namespaces/{ns}/secrets"), Parameters: []Named{{"kind", value(t, "fields.requestObject.kind")}, {"data", value(t, "fields.requestObject.data.password")}}},
		},
		Identity: Identity{Order: []string{"k8s.user"}, AccountID: Literal("")},
		Default:  Default{Service: Literal(event.Write)},
	}
}

// goldenRecords are the records of a golden file.
func goldenRecords(t testing.TB, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".golden"))
	if err != nil {
		t.Fatal(err)
	}
	var records []string
	for line := range strings.Lines(string(text)) {
		if r, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "> "); ok {
			records = append(records, r)
		}
	}
	return records
}

// The names of actions, resource by resource.
func TestKubernetesNames(t *testing.T) {
	var n kubeNames
	for in, want := range map[[3]string]string{
		{"create", "pods", ""}:                           "CreatePod",
		{"list", "pods", ""}:                             "ListPods",
		{"watch", "configmaps", ""}:                      "WatchConfigMaps",
		{"deletecollection", "secrets", ""}:              "DeleteCollectionSecrets",
		{"patch", "deployments", "scale"}:                "PatchDeploymentScale",
		{"create", "pods", "exec"}:                       "CreatePodExec",
		{"create", "serviceaccounts", "token"}:           "CreateServiceAccountToken",
		{"get", "endpoints", ""}:                         "GetEndpoints",
		{"list", "endpoints", ""}:                        "ListEndpoints",
		{"list", "networkpolicies", ""}:                  "ListNetworkPolicies",
		{"update", "networkpolicies", ""}:                "UpdateNetworkPolicy",
		{"list", "ingresses", ""}:                        "ListIngresses",
		{"delete", "ingresses", ""}:                      "DeleteIngress",
		{"list", "ingressclasses", ""}:                   "ListIngressClasses",
		{"get", "widgets", "status"}:                     "GetWidgetStatus",
		{"list", "widgets", ""}:                          "ListWidgets",
		{"list", "policies", ""}:                         "ListPolicies",
		{"get", "policies", ""}:                          "GetPolicy",
		{"get", "glass", ""}:                             "GetGlass",
		{"approve", "certificatesigningrequests", "a/b"}: "ApproveCertificateSigningRequestAB",
		{"get", "s", ""}:                                 "GetS",
		{"list", "ies", ""}:                              "ListIes",
		{"", "é", ""}:                                    "\uFFFD\xa9",
	} {
		for range 2 {
			if got := n.action(in[0], in[1], in[2]); got != want {
				t.Errorf("%q is %q, want %q", in, got, want)
			}
		}
	}
}

// What reads and what does not.
func TestKubernetesReads(t *testing.T) {
	for in, want := range map[[4]string]bool{
		{"get", "", "pods", ""}: true, {"watch", "", "pods", "log"}: true, {"create", "", "pods", ""}: false,
		{"get", "", "pods", "exec"}: false, {"get", "", "services", "proxy"}: false,
		{"create", "authorization.k8s.io", "selfsubjectaccessreviews", ""}: true, {"create", "example.com", "reviews", ""}: false,
		{"patch", "apps", "deployments", ""}: false, {"impersonate", "", "users", ""}: false,
	} {
		if got := kubeReads(in[0], in[1], in[2], in[3]); got != want {
			t.Errorf("%q reads: %v, want %v", in, got, want)
		}
	}
}

// A record that is like the one before takes no memory but that of its parameters.
func TestNestedDialectsAllocateLittle(t *testing.T) {
	for _, name := range []string{"kong", "apisix", "caddy", "kubernetes", "minio", "keycloak", "authlog", "gitlab", "grafana", "opensearch", "teleport", "postgresql"} {
		m := newMapper(t, Options{Format: name})
		r := plugins.Record{Data: []byte(goldenRecords(t, name)[0])}
		n := testing.AllocsPerRun(1000, func() {
			e := event.Event{Origin: event.Origin{Observed: readingNow()}}
			if err := m.Map(&r, &e); err != nil {
				t.Fatal(err)
			}
		})
		if n > 2 {
			t.Errorf("%s: %v allocations a record", name, n)
		}
	}
}

// Arrays and names that no gateway writes cost no more than their length.
func TestNestedBounds(t *testing.T) {
	n := newNested([]wanted{{"list", plainBranch}}, &Options{})
	long := `{"list":["a"` + strings.Repeat(`,"a"`, 200_000) + `]}`
	if err := n.read([]byte(long), false, new([]byte)); err != nil {
		t.Fatal(err)
	}
	if want := "a" + strings.Repeat(", a", maxList-1); n.text[0] != want {
		t.Errorf("list is %d bytes, want %d", len(n.text[0]), len(want))
	}
	var names kubeNames
	if got := names.action("get", "pods", strings.Repeat("a/", 200_000)); len(got) != 400_006 || len(names.made) != 0 {
		t.Errorf("a name of %d bytes, %d remembered", len(got), len(names.made))
	}
}

// The lines of an access log are read by the log_format that is given.
func TestGatewayLogFormat(t *testing.T) {
	for _, format := range []string{"kong", "apisix"} {
		for logFormat, record := range map[string]string{
			`$msec $status "$request"`: `1795224417.404 200 "GET /a HTTP/1.1"`,
			`escape=json {"msec":"$msec","code":$status,"request":"$request"}`: `{"msec":"1795224417.404","code":200,"request":"GET /a HTTP/1.1"}`,
		} {
			m := newMapper(t, Options{Format: format, LogFormat: logFormat})
			var e event.Event
			if err := m.Map(&plugins.Record{Data: []byte(record)}, &e); err != nil || e.Name != "GET /a" || e.Time.String() != "2026-11-21T01:26:57.404Z" {
				t.Errorf("%s, %s: %v, %s at %s", format, logFormat, err, e.Name, e.Time)
			}
		}
		if _, err := New(Options{Format: format, LogFormat: "$"}); err == nil {
			t.Errorf("%s takes a log_format that is none", format)
		}
	}
	for _, format := range []string{"caddy", "kubernetes"} {
		if _, err := New(Options{Format: format, LogFormat: "$status"}); err == nil {
			t.Errorf("%s takes a log_format", format)
		}
	}
}
