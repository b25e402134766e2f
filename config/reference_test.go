package config

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The guide names every block and attribute that a file can have.
func TestGuideIsComplete(t *testing.T) {
	text, err := os.ReadFile("../docs/guide/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range []any{
		fileBlocks{}, localIndexBody{}, elasticsearchIndexBody{},
		fileSourceBody{}, httpSourceBody{}, pluginSourceBody{}, syslogSourceBody{}, socketSourceBody{}, stdinSourceBody{}, auditEventsSourceBody{}, bucketSourceBody{}, kafkaSourceBody{}, natsSourceBody{}, keycloakSourceBody{},
		webhookBody{}, natsNotifyBody{}, snsBody{}, mnsBody{},
		fileWitnessBody{}, s3WitnessBody{}, httpsWitnessBody{},
		fileDeliveryBody{}, s3DeliveryBody{}, ossDeliveryBody{},
		elasticsearchDeliveryBody{}, kafkaDeliveryBody{}, natsDeliveryBody{},
		webhookDeliveryBody{}, lokiDeliveryBody{}, splunkDeliveryBody{}, otlpDeliveryBody{}, syslogDeliveryBody{},
		slsDeliveryBody{},
		pluginDeliveryBody{},
	} {
		names(reflect.TypeOf(block), func(name string) {
			if !regexp.MustCompile(`\b` + name + `\b`).Match(text) {
				t.Errorf("docs/guide/configuration.md does not name %s", name)
			}
		})
	}
}

// names calls fn for the attributes and blocks of a schema, and those in its blocks.
func names(s reflect.Type, fn func(string)) {
	for i := range s.NumField() {
		f := s.Field(i)
		name, kind, _ := strings.Cut(f.Tag.Get("hcl"), ",")
		switch {
		case name == "" || kind == "label" || strings.HasSuffix(kind, "_range"):
		case kind == "block":
			fn(name)
			names(f.Type.Elem(), fn)
		default:
			fn(name)
		}
	}
}
