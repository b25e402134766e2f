package deploy

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

func load(t *testing.T, paths ...string) *config.Config {
	t.Helper()
	c, err := config.Load(paths...)
	if err != nil {
		t.Fatalf("%v:\n%v", paths, err)
	}
	return c
}

func TestExamples(t *testing.T) {
	files, err := filepath.Glob("examples/*.hcl")
	if err != nil || len(files) < 4 {
		t.Fatalf("examples: %v, %v", files, err)
	}
	for _, f := range files {
		load(t, f)
	}
	both := load(t, "examples/nginx.hcl", "examples/security-trails.hcl")
	if len(both.Trails) != 4 || len(both.Sources) != 1 {
		t.Errorf("nginx.hcl and security-trails.hcl: %d trails and %d sources", len(both.Trails), len(both.Sources))
	}
}

func TestQuickstart(t *testing.T) {
	c := load(t, "quickstart")
	if len(c.Sources) != 1 || c.Sources[0].Name != "edge" || len(c.Trails) != 2 || c.API.Listen != config.DefaultListen || c.Agent.AccountID != "1234567890123456" {
		t.Fatalf("%+v", c)
	}
	o := c.Sources[0].Mapper
	o.Region, o.AccountID = c.Agent.Region, c.Agent.AccountID
	m, err := mapper.New(o)
	if err != nil {
		t.Fatal(err)
	}
	security := c.Trails[0].Filter
	if c.Trails[0].Name != "security" {
		security = c.Trails[1].Filter
	}

	for _, test := range []struct {
		name, line string
		want       event.Event // the fields that are compared below
		additional string      // a member of additionalEventData
		security   bool
	}{
		{
			name: "an instance is stopped at the console",
			line: `{"time_iso8601":"2026-11-21T07:30:00+00:00","msec":"1795246200.521","remote_addr":"127.0.0.1","remote_user":"","request_id":"0a","request_method":"POST","request_uri":"/v1/instances/i-12ab/stop","uri":"/v1/instances/i-12ab/stop","args":"","server_protocol":"HTTP/1.1","status":200,"body_bytes_sent":61,"request_time":0.000,"http_host":"console.demo.example","server_name":"console.demo.example","http_referer":"https://console.demo.example/","http_user_agent":"Firefox","http_x_forwarded_for":"192.0.2.12","consumer":"bob","http_x_api_key":""}`,
			want: event.Event{Type: event.TypeConsoleOperation, Name: "StopInstance", RW: event.Write, Service: "Ecs", SourceIP: "192.0.2.12", ResourceType: "ACS::ECS::Instance", ResourceName: "i-12ab", Source: "console.demo.example",
				Identity: event.Identity{UserName: "bob", Trust: event.TrustVerified}},
		},
		{
			name: "a sign-in fails",
			line: `{"time_iso8601":"2026-11-21T07:30:00+00:00","msec":"1795246200.521","remote_addr":"127.0.0.1","remote_user":"admin","request_id":"0b","request_method":"POST","request_uri":"/console/signin?mfa=false","uri":"/console/signin","args":"mfa=false","server_protocol":"HTTP/1.1","status":401,"body_bytes_sent":61,"request_time":0.000,"http_host":"console.demo.example","server_name":"console.demo.example","http_referer":"https://console.demo.example/","http_user_agent":"Chrome","http_x_forwarded_for":"203.0.113.77","consumer":"","http_x_api_key":""}`,
			want: event.Event{Type: event.TypeConsoleSignin, Name: "ConsoleSignin", RW: event.Write, Service: "Console", SourceIP: "203.0.113.77", Source: "console.demo.example",
				Identity: event.Identity{UserName: "admin", Trust: event.TrustClaimed}},
			additional: `"mfaChecked":"false"`,
			security:   true,
		},
		{
			name: "an access key is made with a key",
			line: `{"time_iso8601":"2026-11-21T07:30:00+00:00","msec":"1795246200.521","remote_addr":"127.0.0.1","remote_user":"","request_id":"0c","request_method":"POST","request_uri":"/v1/users/eve/access-keys","uri":"/v1/users/eve/access-keys","args":"","server_protocol":"HTTP/1.1","status":403,"body_bytes_sent":61,"request_time":0.000,"http_host":"api.demo.example","server_name":"api.demo.example","http_referer":"","http_user_agent":"python","http_x_forwarded_for":"198.51.100.23","consumer":"ci-deployer","http_x_api_key":"DEMOAK10CIDEPLm8Q"}`,
			want: event.Event{Type: event.TypeAPICall, Name: "CreateAccessKey", RW: event.Write, Service: "Ram", SourceIP: "198.51.100.23", ResourceType: "ACS::RAM::User", ResourceName: "eve", Source: "api.demo.example",
				Identity: event.Identity{UserName: "ci-deployer", Trust: event.TrustVerified}},
			security: true,
		},
		{
			name: "the cloud's own trail is deleted",
			line: `{"time_iso8601":"2026-11-21T07:30:00+00:00","msec":"1795246200.521","remote_addr":"127.0.0.1","remote_user":"","request_id":"0d","request_method":"DELETE","request_uri":"/v1/trails/all-regions","uri":"/v1/trails/all-regions","args":"","server_protocol":"HTTP/1.1","status":200,"body_bytes_sent":61,"request_time":0.000,"http_host":"api.demo.example","server_name":"api.demo.example","http_referer":"","http_user_agent":"cli","http_x_forwarded_for":"192.0.2.10","consumer":"admin","http_x_api_key":""}`,
			want: event.Event{Type: event.TypeAPICall, Name: "DeleteTrail", RW: event.Write, Service: "Actiontrail", SourceIP: "192.0.2.10", ResourceType: "ACS::ActionTrail::Trail", ResourceName: "all-regions", Source: "api.demo.example",
				Identity: event.Identity{UserName: "admin", Trust: event.TrustVerified}},
			security: true,
		},
	} {
		var e event.Event
		if err := m.Map(&plugins.Record{Data: []byte(test.line)}, &e); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := event.Event{Type: e.Type, Name: e.Name, RW: e.RW, Service: e.Service, SourceIP: e.SourceIP, ResourceType: e.ResourceType, ResourceName: e.ResourceName, Source: e.Source,
			Identity: event.Identity{UserName: e.Identity.UserName, Trust: e.Identity.Trust}}
		if got != test.want {
			t.Errorf("%s:\n%+v\nwant\n%+v", test.name, got, test.want)
		}
		if !strings.Contains(string(e.Additional), test.additional) {
			t.Errorf("%s: additional data %q, want %s in it", test.name, e.Additional, test.additional)
		}
		if text := string(e.AppendJSON(nil)); strings.Contains(text, "DEMOAK10CIDEPLm8Q") {
			t.Errorf("%s: the key itself is in the event: %s", test.name, text)
		}
		if security.Match(&e) != test.security {
			t.Errorf("%s: in the trail security: %t, want %t", test.name, !test.security, test.security)
		}
	}

	var e event.Event
	health := `{"msec":"1795246200.521","request_method":"GET","request_uri":"/healthz","status":200}`
	if err := m.Map(&plugins.Record{Data: []byte(health)}, &e); !errors.Is(err, plugins.ErrIgnored) {
		t.Errorf("a health check: %v, %+v", err, e)
	}
}
