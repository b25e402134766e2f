package mapper

import (
	"errors"
	"slices"
)

// dialect is the form that a gateway gives its records.
type dialect struct {
	name string
	// reader is what reads the records of a source with these options.
	reader func(*Options) (reader, error)
}

// reader fills the request of the mapper from one record. The request's strings
// may alias the record.
type reader func(*Mapper, []byte) error

// formatNative is the dialect of events in their own form, which no rules name.
const formatNative = "native"

// dialects are all that New knows, in the order that people are shown.
//
// Whoever adds one adds a row here or in dialect_audit.go, and how it is told from
// the others in recognise_gateway.go or recognise_audit.go; in the tests a golden
// file (goldenOptions), a writer of hostile requests (writers) and the files of
// the corpus that are of it (examination); in docs/guide/sources.md a row.
func dialects() []dialect {
	return slices.Concat([]dialect{{formatAuto, newAuto}}, gatewayDialects(), auditDialects())
}

// gatewayDialects are those of access logs.
func gatewayDialects() []dialect {
	return []dialect{
		{"nginx", nginx},
		{"nginx-combined", fixed((*Mapper).readCombined)},
		{"nginx-json", fixed((*Mapper).readNginxJSON)},
		{"apache", apache},
		{"envoy", newEnvoy},
		{"traefik", newTraefik},
		{"haproxy", haproxy},
		{"kong", kong},
		{"apisix", apisix},
		{"caddy", caddy},
		{"istio", newEnvoy}, // which it is made of
		{"tyk", tyk},
		{"krakend", krakend},
		{"spring", fixed((*Mapper).readSpring)},
		{"alb", fixed((*Mapper).readALB)},
		{"apigateway", apiGateway},
		{"json", newJSONLines},
		{"regexp", newRegexpLines},
	}
}

// Formats are the names of the dialects that New knows.
func Formats() []string {
	var names []string
	for _, d := range dialects() {
		names = append(names, d.name)
	}
	return names
}

// dialectOf is the dialect of this name, nil when there is none.
func dialectOf(name string) *dialect {
	all := dialects()
	if i := slices.IndexFunc(all, func(d dialect) bool { return d.name == name }); i >= 0 {
		return &all[i]
	}
	return nil
}

// fixed is the reader of a dialect that has one form.
func fixed(read reader) func(*Options) (reader, error) {
	return func(opt *Options) (reader, error) {
		if opt.LogFormat != "" {
			return nil, errOneForm
		}
		return read, nil
	}
}

// errOneForm refuses a log_format.
var errOneForm = errors.New("its lines have one form: log_format is for the dialects whose gateway lets you choose")

// errNoStatus refuses a record.
var errNoStatus = errors.New("not a request: its status is missing or wrong")

// isObject tells whether a record is JSON rather than a line.
func isObject(record []byte) bool {
	i := skipSpace(record, 0)
	return i < len(record) && record[i] == '{'
}

// shorten is the beginning of a text, for an error.
func shorten(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
