package render

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// ocsfAttributes are the attributes that are written, with the type that the
// schema gives them, in 1.1.0 as in 1.8.0: compared once with the schema's own files.
// [] is an array.
var ocsfAttributes = map[string]string{
	"activity_id": "integer", "activity_name": "string", "category_uid": "integer", "category_name": "string", "class_uid": "integer", "class_name": "string",
	"type_uid": "long", "type_name": "string", "severity_id": "integer", "severity": "string", "status_id": "integer", "status": "string", "status_code": "string",
	"status_detail": "string", "message": "string", "time": "timestamp", "raw_data": "string", "is_mfa": "boolean",
	"metadata.event_code": "string", "metadata.log_name": "string", "metadata.log_provider": "string", "metadata.logged_time": "timestamp", "metadata.original_time": "string",
	"metadata.product.feature.name": "string", "metadata.product.name": "string", "metadata.product.vendor_name": "string", "metadata.profiles": "string[]",
	"metadata.tenant_uid": "string", "metadata.uid": "string", "metadata.version": "string",
	"cloud.account.uid": "string", "cloud.provider": "string", "cloud.region": "string",
	"api.operation": "string", "api.request.data": "json", "api.request.uid": "string", "api.response.code": "integer", "api.response.data": "json", "api.response.error": "string",
	"api.response.error_message": "string", "api.service.name": "string", "api.version": "string",
	"actor.session.created_time": "timestamp", "actor.session.is_mfa": "boolean", "actor.session.issuer": "string",
	"actor.user.account.uid": "string", "actor.user.credential_uid": "string", "actor.user.name": "string", "actor.user.uid": "string", "actor.user.type_id": "integer", "actor.user.type": "string",
	"user.account.uid": "string", "user.credential_uid": "string", "user.name": "string", "user.uid": "string", "user.type_id": "integer", "user.type": "string", "service.name": "string",
	"src_endpoint.ip": "ip", "src_endpoint.name": "string", "src_endpoint.vpc_uid": "string", "dst_endpoint.hostname": "hostname",
	"http_request.http_method": "string", "http_request.referrer": "string", "http_request.url.hostname": "hostname", "http_request.url.path": "string", "http_request.user_agent": "string",
	"resources[].name": "string", "resources[].type": "string", "resources[].uid": "resource_uid",
}

// ocsfClasses are the classes that are written: attributes that they demand, sets of which they demand one, and those that only they have.
var ocsfClasses = map[string]struct {
	category string
	demands  []string
	one      [][]string
	not      []string // attributes of other classes
}{
	"6003": {"6", []string{"api.operation", "actor.user.type_id"}, [][]string{{"src_endpoint.ip", "src_endpoint.name"}, {"actor.user.name", "actor.user.uid", "actor.user.account.uid"}}, []string{"user", "service", "is_mfa"}},
	"3002": {"3", nil, [][]string{{"service.name", "dst_endpoint.hostname"}, {"user.name", "user.uid", "user.account.uid"}}, []string{"resources[]"}},
	"0":    {"0", nil, nil, []string{"user", "service", "is_mfa", "resources[]", "src_endpoint", "dst_endpoint", "http_request"}},
}

var hostnames = regexp.MustCompile(`^(([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])\.)*([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])$`)

// TestOCSFAttributesAreOfTheSchema: each attribute that is written is one of the schema, of its type and in a class that has it, what a class demands is there, and each of the list is written.
func TestOCSFAttributesAreOfTheSchema(t *testing.T) {
	seen := map[string]bool{}
	for name, e := range examples(t) {
		for path := range ocsfHolds(t, name, &e) {
			seen[path] = true
		}
	}
	signout := event.Event{Type: event.TypeConsoleSignout, Identity: event.Identity{UserName: "a", AccessKeyID: "k"}}
	for path := range ocsfHolds(t, "a sign-out", &signout) {
		seen[path] = true
	}
	for path := range ocsfAttributes {
		if !seen[path] {
			t.Errorf("no example has %s", path)
		}
	}
}

// ocsfHolds checks one event and gives its attributes.
func ocsfHolds(t *testing.T, name string, e *event.Event) map[string]any {
	t.Helper()
	all := members(t, OCSF(nil, e), "unmapped")
	for path, v := range all {
		if !ocsfFits(ocsfAttributes[path], v) {
			t.Errorf("%s: %s = %v is no %q", name, path, v, ocsfAttributes[path])
		}
	}
	text := func(path string) string { n, _ := all[path].(json.Number); return string(n) }
	class, known := ocsfClasses[text("class_uid")]
	if !known || text("category_uid") != class.category {
		t.Errorf("%s: class %v of category %v", name, all["class_uid"], all["category_uid"])
	}
	activity, _ := all["activity_id"].(json.Number).Int64()
	uid, _ := all["class_uid"].(json.Number).Int64()
	if kind, _ := all["type_uid"].(json.Number).Int64(); kind != uid*100+activity {
		t.Errorf("%s: type %d of class %d and activity %d", name, kind, uid, activity)
	}
	for _, path := range append([]string{"time", "severity_id", "metadata.version", "metadata.product.vendor_name", "cloud.provider"}, class.demands...) {
		if all[path] == nil {
			t.Errorf("%s: class %d demands %s", name, uid, path)
		}
	}
	for _, one := range class.one {
		if !anyOf(all, one) {
			t.Errorf("%s: class %d demands one of %q", name, uid, one)
		}
	}
	for path := range all {
		for _, not := range class.not {
			if path == not || len(path) > len(not) && path[:len(not)+1] == not+"." {
				t.Errorf("%s: class %d has no %s", name, uid, path)
			}
		}
	}
	if all["api.request.data"] != nil && all["api.request.uid"] == nil {
		t.Errorf("%s: a request demands a uid", name)
	}
	return all
}

func anyOf(all map[string]any, paths []string) bool {
	for _, path := range paths {
		if all[path] != nil {
			return true
		}
	}
	return false
}

func ocsfFits(kind string, v any) bool {
	text, isText := v.(string)
	number, isNumber := v.(json.Number)
	_, isWhole := number.Int64()
	switch kind {
	case "string":
		return isText && text != "" && len(text) <= 65535
	case "string[]":
		all, ok := v.([]any)
		return ok && len(all) > 0
	case "resource_uid":
		return isText && text != "" && len(text) <= 64
	case "hostname":
		return isText && hostnames.MatchString(text)
	case "ip":
		_, err := netip.ParseAddr(text)
		return isText && err == nil
	case "integer", "long", "timestamp":
		return isNumber && isWhole == nil
	case "boolean":
		_, ok := v.(bool)
		return ok
	case "json":
		return v != nil
	}
	return false
}
