package render

import (
	"bytes"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

// cefKeys are the keys that are written, all of the format's dictionary: their
// type there, and how many characters a string may have (0: the dictionary's length is not kept, so that ids stay whole).
var cefKeys = map[string]struct {
	kind string
	most int
}{
	"rt": {"time", 0}, "externalId": {"string", 0}, "cat": {"string", 1023}, "act": {"string", 63}, "outcome": {"string", 63}, "reason": {"string", 1023}, "msg": {"string", 1023},
	"suser": {"string", 1023}, "suid": {"string", 1023}, "spriv": {"string", 1023}, "src": {"ipv4", 0}, "shost": {"string", 1023}, "c6a2": {"ipv6", 0},
	"dhost": {"string", 1023}, "destinationServiceName": {"string", 1023}, "requestMethod": {"string", 1023}, "request": {"string", 1023}, "requestContext": {"string", 2048},
	"requestClientApplication": {"string", 1023}, "out": {"number", 0}, "dvchost": {"string", 100},
	"cs1": {"string", 4000}, "cs2": {"string", 4000}, "cs3": {"string", 4000}, "cs4": {"string", 4000}, "cs5": {"string", 4000}, "cs6": {"string", 4000},
	"flexString1": {"string", 1023}, "flexString2": {"string", 1023}, "cn1": {"number", 0}, "cn2": {"number", 0}, "deviceCustomDate1": {"time", 0},
}

// custom are the keys that mean nothing without a label.
var custom = regexp.MustCompile(`^(c6a|cs|cn|flexString|deviceCustomDate)\d$`)

// parseCEF reads the format as its readers do: by unescaped pipes, then a value goes up to the next key.
func parseCEF(t *testing.T, line string) (header []string, extension map[string]string) {
	t.Helper()
	rest, ok := strings.CutPrefix(line, "CEF:0|")
	if !ok {
		t.Fatalf("%q does not begin as CEF", line)
	}
	var b strings.Builder
	for i := 0; len(header) < 6; i++ {
		switch {
		case i >= len(rest):
			t.Fatalf("the header of %q has %d fields", line, len(header))
		case rest[i] == '\\' && i+1 < len(rest) && (rest[i+1] == '|' || rest[i+1] == '\\'):
			i++
			b.WriteByte(rest[i])
		case rest[i] == '\\':
			t.Fatalf("an escape that the header has not in %q", line)
		case rest[i] == '|':
			header = append(header, b.String())
			b.Reset()
			if len(header) == 6 {
				rest = rest[i+1:]
			}
		default:
			b.WriteByte(rest[i])
		}
	}
	extension = map[string]string{}
	starts := cefKey.FindAllStringSubmatchIndex(rest, -1)
	for n, at := range starts {
		end := len(rest)
		if n+1 < len(starts) {
			end = starts[n+1][0]
		}
		key := rest[at[2]:at[3]]
		if _, twice := extension[key]; twice {
			t.Errorf("%s comes twice in %q", key, line)
		}
		extension[key] = unescapeCEF(t, rest[at[1]:end])
	}
	return header, extension
}

// cefKey is a key and its unescaped equals sign. No value can hold it: its equals signs are escaped.
var cefKey = regexp.MustCompile(`(?:^| )([A-Za-z0-9]+)=`)

func unescapeCEF(t *testing.T, v string) string {
	t.Helper()
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' {
			b.WriteByte(v[i])
			continue
		}
		i++
		switch {
		case i < len(v) && (v[i] == '=' || v[i] == '\\'):
			b.WriteByte(v[i])
		case i < len(v) && v[i] == 'n':
			b.WriteByte('\n')
		case i < len(v) && v[i] == 'r':
			b.WriteByte('\r')
		default:
			t.Fatalf("an escape that values have not in %q", v)
		}
	}
	return b.String()
}

// holdsCEF checks one event against what a reader makes of it.
func holdsCEF(t *testing.T, e *event.Event) map[string]string {
	t.Helper()
	line := string(CEF(nil, e))
	header, extension := parseCEF(t, line)
	oneLine := strings.NewReplacer("\n", " ", "\r", " ")
	if want := oneLine.Replace(either(e.Name, "unknown")); header[0] != "actiontrail" || header[1] != "actiontrail" || header[3] != want || !strings.HasSuffix(header[4], strings.TrimSpace(want)) {
		t.Errorf("header %q of %q", header, line)
	}
	if n, err := strconv.Atoi(header[5]); err != nil || n < 0 || n > 10 {
		t.Errorf("severity %q", header[5])
	}
	for key, v := range extension {
		if label, ok := strings.CutSuffix(key, "Label"); ok && custom.MatchString(label) {
			if extension[label] == "" {
				t.Errorf("%s without a value in %q", key, line)
			}
			continue
		}
		k, known := cefKeys[key]
		if !known {
			t.Errorf("%s is no key of the dictionary", key)
		}
		if k.most > 0 && utf8.RuneCountInString(v) > k.most {
			t.Errorf("%s has %d characters", key, utf8.RuneCountInString(v))
		}
		if custom.MatchString(key) && extension[key+"Label"] == "" {
			t.Errorf("%s has no label in %q", key, line)
		}
		a, notIP := netip.ParseAddr(v)
		_, notNumber := strconv.ParseInt(v, 10, 64)
		if k.kind == "ipv4" && !(notIP == nil && a.Is4()) || k.kind == "ipv6" && !(notIP == nil && a.Is6()) || (k.kind == "time" || k.kind == "number") && notNumber != nil {
			t.Errorf("%s=%s is no %s", key, v, k.kind)
		}
	}
	for key, v := range map[string]string{"externalId": e.ID, "msg": e.ErrorMessage, "suser": e.Identity.UserName, "requestClientApplication": e.UserAgent, "cs6": string(e.RequestParameters), "flexString2": e.ResourceName} {
		want := v
		if most := cefKeys[key].most; most > 0 {
			want = firstRunes(v, most)
		}
		if extension[key] != want {
			t.Errorf("%s is read as %q, want %q, of %q", key, extension[key], want, line)
		}
	}
	return extension
}

func TestCEFIsRead(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range examples(t) {
		for key := range holdsCEF(t, &e) {
			seen[key] = true
		}
	}
	for key := range cefKeys {
		if !seen[key] {
			t.Errorf("no example has %s", key)
		}
	}
	long := event.Event{Name: `a|b\c=d` + "\n", UserAgent: strings.Repeat("é=\\\n", 2000), ErrorCode: "x", ErrorMessage: " cat=1 \\"}
	extension := holdsCEF(t, &long)
	if n := utf8.RuneCountInString(extension["requestClientApplication"]); n != 1023 {
		t.Errorf("a value of 8,000 characters is cut to %d", n)
	}
	if diff := cmp.Diff(`CEF:0|actiontrail|actiontrail|1|a\|b\\c=d |a\|b\\c=d|5|outcome=failure reason=x msg= cat\=1 \\ requestClientApplication=`, string(CEF(nil, &long))[:120]); diff != "" {
		t.Errorf("escapes (-want +got):\n%s", diff)
	}
}

// FuzzCEF: whatever the event, a reader gets the values that went in.
func FuzzCEF(f *testing.F) {
	for _, file := range []string{"../testdata/all.json", "../testdata/escapes.json", "testdata/gateway.json"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.TrimSpace(data))
	}
	f.Add([]byte(`{"eventName":"|\\=\r\n","errorMessage":"a \\= b=\\n\\","userAgent":"x cs1=y\\","requestParameters":{"=":"\\ =|"},"sourceIpAddress":"::ffff:1.2.3.4"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := event.ParseJSON(data)
		if err != nil {
			return
		}
		holdsCEF(t, &e)
	})
}
