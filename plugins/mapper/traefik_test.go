package mapper

import (
	"net/netip"
	"testing"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

func traefikOptions() Options {
	return Options{Format: "traefik", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Rules: &Rules{Params: Params{Headers: []string{"X-Tenant", "Authorization"}}}}
}

func TestTraefikGolden(t *testing.T) {
	for _, name := range []string{"traefik", "traefik_generic"} {
		t.Run(name, func(t *testing.T) { golden(t, name, traefikOptions()) })
	}
}

// FuzzTraefik holds whatever a record may be against what every dialect promises.
func FuzzTraefik(f *testing.F) {
	for _, name := range []string{"traefik", "traefik_generic"} {
		for _, record := range recordsOf(f, name) {
			f.Add(record)
		}
	}
	f.Add(`192.0.2.7 - - [21/Nov/2026:01:26:57 +0000] "GET /a HTTP/1.1" 200 5 " "-" 1 "a" "b" 1ms`)
	f.Fuzz(func(t *testing.T, record string) { checkDialect(t, traefikOptions(), record) })
}

// Nothing of one record shows in the next, whatever its form.
func TestNothingStaysOfTheTraefikRecordBefore(t *testing.T) {
	records := recordsOf(t, "traefik")
	m := newMapper(t, traefikOptions())
	for _, before := range records {
		for _, record := range records {
			alone := mapped(newMapper(t, traefikOptions()), record)
			mapped(m, before)
			if got := mapped(m, record); got != alone {
				t.Fatalf("after %s\n%s\nis\n%s\nalone\n%s", before, record, got, alone)
			}
		}
	}
}

func TestTraefikAllocatesLittle(t *testing.T) {
	for _, record := range recordsOf(t, "traefik")[:2] {
		m := newMapper(t, traefikOptions())
		r := plugins.Record{Data: []byte(record)}
		n := testing.AllocsPerRun(100, func() {
			var e event.Event
			if err := m.Map(&r, &e); err != nil {
				t.Fatal(err)
			}
		})
		if n > 2 { // requestParameters and additionalEventData
			t.Errorf("%v allocations for %s", n, record)
		}
	}
}
