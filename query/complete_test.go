package query

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

// known is what the events of these tests have.
var known = map[string][]string{
	"eventName": {"DeleteInstance", "DescribeInstances", "delete", "a b", `q"\`, "and"}, "eventRW": {"Write", "Read"}, "sourceIpAddress": {"10.1.2.3", "2001:db8::1"},
	"userAgent": {"curl/8.1 (x86_64)", "curl 9"}, "origin.batch": {"7"}, "requestParameters.Tag.Key": {"env", "team", ""}, "requestParameters.Tag.Owner.Name": {"x"},
	"userIdentity.userName": {"alice"}, "requestParameters.InstanceId": {"i-1"}, `requestParameters.a b`: {"请求"},
}

func testSource(t testing.TB) Source {
	return Source{
		Values: func(field, prefix string) []Counted {
			if f, ok := Describe(field); !ok || !f.Aggregatable {
				t.Errorf("values of %s are asked for", field)
			}
			var out []Counted
			for i, v := range known[field] {
				if strings.HasPrefix(v, prefix) {
					out = append(out, Counted{v, 9 - i})
				}
			}
			return out
		},
		Leaves: func(prefix string) []Counted {
			var out []Counted
			for _, name := range []string{"requestParameters.InstanceId", "requestParameters.Tag.Key", "requestParameters.Tag.Owner.Name", "requestParameters.a b"} {
				if strings.HasPrefix(name, prefix) {
					out = append(out, Counted{name, 3})
				}
			}
			return out
		},
	}
}

// At the bar is the cursor; what is suggested is written as the query that it makes, with a bar at the end of what was put in.
func TestComplete(t *testing.T) {
	for query, want := range map[string][]string{
		`eventN|`:                         {`eventName|`},
		`eventName|`:                      {`eventName|`, `eventName: |`, `eventName: *|`},
		`eventName |`:                     {`eventName: |`, `eventName: *|`, `eventName and |`, `eventName or |`},
		`eventName  | x`:                  {`eventName:| x`, `eventName  and| x`, `eventName  or| x`},
		`| eventName: x`:                  {`not| eventName: x`},
		`eventRW: |(Write)`:               {},
		`eventRW: (Read or not"W|")`:      {`eventRW: (Read or not Write|)`},
		`eventName |: x`:                  {},
		`EVENTR| and a`:                   {`eventRW| and a`},
		`usern|`:                          {`userIdentity.userName|`},
		`a and not usern|`:                {`a and not userIdentity.userName|`},
		`source.ip|`:                      {`sourceIpAddress|`},
		`alice an|`:                       {`alice and |`},
		`alice |`:                         {`alice and |`, `alice or |`},
		`alice | and bob`:                 {},
		`(alice)|`:                        {`(alice) and |`, `(alice) or |`},
		`"alice"|`:                        {`"alice" and |`, `"alice" or |`},
		`eventRW: |`:                      {`eventRW: Write|`, `eventRW: Read|`, `eventRW: *|`},
		`eventRW:|`:                       {`eventRW:Write|`, `eventRW:Read|`, `eventRW:*|`},
		`eventRW: W| and b`:               {`eventRW: Write| and b`},
		`eventRW: W|xyz`:                  {`eventRW: Write|`},
		`eventRW: "W|`:                    {`eventRW: Write|`},
		`eventRW: "W| and b: c`:           {`eventRW: Write| and b: c`},
		`eventRW: "W|rong" and b: c`:      {`eventRW: Write| and b: c`},
		`eventRW: W*|`:                    {},
		`eventRW: Write |`:                {`eventRW: Write and |`, `eventRW: Write or |`},
		`eventRW: Write o|`:               {`eventRW: Write or |`},
		`eventRW: (Write or |`:            {`eventRW: (Write or Write|`, `eventRW: (Write or Read|`, `eventRW: (Write or *|`, `eventRW: (Write or not |`},
		`eventRW: (Write |`:               {`eventRW: (Write and |`, `eventRW: (Write or |`},
		`eventRW: (Write) |`:              {`eventRW: (Write) and |`, `eventRW: (Write) or |`},
		`eventRW: ((Re|`:                  {`eventRW: ((Read|`},
		`eventRW: (not Re|`:               {`eventRW: (not Read|`},
		`eventName: a|`:                   {`eventName: "a b"|`, `eventName: "and"|`},
		`eventName: q|`:                   {`eventName: "q\"\\"|`},
		`eventName: q\"|`:                 {`eventName: "q\"\\"|`},
		`eventName: q\|`:                  {},
		`eventName: "q\"|`:                {`eventName: "q\"\\"|`},
		`userAgent: curl |`:               {`userAgent: curl and |`, `userAgent: curl or |`},
		`userAgent: curl 9|`:              {`userAgent: "curl 9"|`},
		`sourceIpAddress: 2001:d|`:        {`sourceIpAddress: "2001:db8::1"|`},
		`isGlobal: |`:                     {`isGlobal: true|`, `isGlobal: false|`, `isGlobal: *|`},
		`isGlobal: t|`:                    {`isGlobal: true|`},
		`eventTime |`:                     {`eventTime: |`, `eventTime: *|`, `eventTime >= |`, `eventTime > |`, `eventTime <= |`, `eventTime < |`, `eventTime and |`, `eventTime or |`},
		`eventTime >= now-1|`:             {`eventTime >= now-15m|`, `eventTime >= now-1h|`, `eventTime >= now-1d|`, `eventTime >= now-1d/d|`},
		`eventTime >|= now`:               {},
		`origin.batch > |`:                {`origin.batch > 7|`},
		`raw: |`:                          {`raw: *|`},
		`event*: |`:                       {`event*: *|`},
		`usrName: |`:                      {},
		`usrName |`:                       {`usrName and |`, `usrName or |`},
		`requestParameters.T|`:            {`requestParameters.Tag.Key|`, `requestParameters.Tag.Owner.Name|`, `requestParameters.T: |`, `requestParameters.T: *|`, `requestParameters.T: { |`},
		`requestParameters.a|`:            {`"requestParameters.a b"|`, `requestParameters.a: |`, `requestParameters.a: *|`, `requestParameters.a: { |`},
		`"requestParameters.a b": |`:      {`"requestParameters.a b": "请求"|`, `"requestParameters.a b": *|`},
		`requestParameters.Tag.Key: t|`:   {`requestParameters.Tag.Key: team|`},
		`requestParameters.Tag: { |`:      {`requestParameters.Tag: { Key|`, `requestParameters.Tag: { Owner.Name|`, `requestParameters.Tag: { not |`},
		`requestParameters.Tag: {K|`:      {`requestParameters.Tag: {Key|`, `requestParameters.Tag: {K: |`, `requestParameters.Tag: {K: *|`, `requestParameters.Tag: {K: { |`},
		`requestParameters.Tag: {Key: e|`: {`requestParameters.Tag: {Key: env|`},
		`requestParameters.Tag: {Key: (env or t|`:                    {`requestParameters.Tag: {Key: (env or team|`},
		`requestParameters.Tag: {Key: env and Owner: {Name: |`:       {`requestParameters.Tag: {Key: env and Owner: {Name: x|`, `requestParameters.Tag: {Key: env and Owner: {Name: *|`},
		`requestParameters.Tag: {Key: env and Owner: {a: (b)} and |`: {`requestParameters.Tag: {Key: env and Owner: {a: (b)} and Key|`, `requestParameters.Tag: {Key: env and Owner: {a: (b)} and Owner.Name|`, `requestParameters.Tag: {Key: env and Owner: {a: (b)} and not |`},
		`requestParameters.Tag: {Key: env } |`:                       {`requestParameters.Tag: {Key: env } and |`, `requestParameters.Tag: {Key: env } or |`},
		`requestParameters.Tag: {Key: (env } and eventN|`:            {`requestParameters.Tag: {Key: (env } and eventName|`},
		`requestParameters: {InstanceId: |`:                          {`requestParameters: {InstanceId: i-1|`, `requestParameters: {InstanceId: *|`},
		`userIdentity: { userN|`:                                     {`userIdentity: { userName|`},
		`userIdentity: { userName: |`:                                {`userIdentity: { userName: alice|`, `userIdentity: { userName: *|`},
		`nothing: { a|`:                                              {},
		`alice eventRW: |`:                                           {`alice eventRW: Write|`, `alice eventRW: Read|`, `alice eventRW: *|`},
		`eventName: x eventRW: |`:                                    {`eventName: x eventRW: Write|`, `eventName: x eventRW: Read|`, `eventName: x eventRW: *|`},
		`eventRW: Write) and eventRW: |`:                             {`eventRW: Write) and eventRW: Write|`, `eventRW: Write) and eventRW: Read|`, `eventRW: Write) and eventRW: *|`},
		`no|`:                                                        {`eventN`},
	} {
		cursor := strings.IndexByte(query, '|')
		text := query[:cursor] + query[cursor+1:]
		got := []string{}
		for _, s := range Complete(text, cursor, testSource(t)) {
			got = append(got, text[:s.From]+s.Insert+"|"+text[s.To:])
		}
		if query == "no|" { // fields with "no" in them and the word
			got, want = got[len(got)-1:], []string{"not |"}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
}

func TestCompleteTells(t *testing.T) {
	got := Complete("requestParameters.I", 19, testSource(t))
	want := []Suggestion{{SuggestField, 0, 19, "requestParameters.InstanceId", "requestParameters.InstanceId", "", event.Flattened, 3}}
	if d := cmp.Diff(want, got[:1]); d != "" {
		t.Error(d)
	}
	got = Complete("", 0, testSource(t))
	if n := len(event.Fields()) + 1; len(got) != n || got[0].Label != "eventId" || got[0].Detail != "id of the event" || got[n-1] != (Suggestion{SuggestKeyword, 0, 0, "not ", "not", "does not hold", 0, 0}) {
		t.Errorf("%d: %+v", len(got), got)
	}
	got = Complete("eventRW: R", 10, testSource(t))
	if d := cmp.Diff([]Suggestion{{SuggestValue, 9, 10, "Read", "Read", "", event.Keyword, 8}}, got); d != "" {
		t.Error(d)
	}
	strict := testSource(t)
	strict.Strict = true
	if got := Complete("eventTime > n", 13, strict); got != nil {
		t.Errorf("%+v", got)
	}
	for _, s := range []string{"eventN\xff", strings.Repeat("a", MaxLength+1)} {
		if got := Complete(s, 6, Source{}); got != nil {
			t.Errorf("%+v", got)
		}
	}
}

// checkComplete takes every suggestion at every place of a text: that must make no
// mistake before its end that was not there.
func checkComplete(t *testing.T, text string, from Source) {
	_, _, before := ParseSearch(text, thursday)
	for cursor := -1; cursor <= len(text)+1; cursor++ {
		for i, s := range Complete(text, cursor, from) {
			if i%10 > 3 {
				continue // of the many fields these are enough
			}
			at := min(max(cursor, 0), len(text))
			if s.From < 0 || s.From > at || s.To < at && utf8.RuneStart(text[s.To]) && utf8.RuneStart(text[min(at, len(text)-1)]) || s.To < s.From || s.To > len(text) || s.Label == "" || s.Insert == "" {
				t.Fatalf("%q at %d: %+v", text, cursor, s)
			}
			after := text[:s.From] + s.Insert + text[s.To:]
			if mistake := worse(before, after, s); mistake != nil {
				t.Errorf("%q at %d: %+v: %q: %v at %d, before %v", text, cursor, s, after, mistake, mistake.Offset(), before)
			}
		}
	}
}

func worse(before error, after string, s Suggestion) *Error {
	_, _, err := ParseSearch(after, thursday)
	if err == nil {
		return nil
	}
	now := err.(*Error)
	was, _ := before.(*Error)
	switch {
	case now.Offset() >= s.From+len(strings.TrimRight(s.Insert, " ")): // of what follows
	case was != nil && now.Offset() < s.From: // it was hidden by the one that is gone
	case was != nil && strings.HasSuffix(now.Error(), "is not closed"):
	case s.Kind == SuggestField && strings.HasPrefix(now.Error(), "a condition in braces begins"): // the colon comes next
	case strings.Contains(s.Insert, "{") && now.Error() == "the brace is not closed":
	default:
		return now
	}
	return nil
}

var half = []string{
	`eventName: "Del and eventRW: "Write"`, `eventName: (a or "b`, `(eventName: a and (eventRW: b or`, `requestParameters.Tag: { Key: env and`, `eventName: \`, `eventName: a\q b`, `a: b: c: d`,
	`)`, `((((`, `{{{`, `}}}`, `: : :`, `>= >= 5`, `and or not`, `not not`, `eventTime > now-`, `"`, `""`, `"\`, `"\u12`, `\u12`, `*: *: *`, `eventName: a) and b`, `eventName: a} and b`,
	`userIdentity: { userName: a or sessionContext: { attributes.x: { y: z`, `日本 and eventName: "日本`, "a\u00a0and\u2028eventName:\tb", `eventName <`, `eventName: <`, `*`, `* `, `event* `, `eventRW:(Write or Re)and(x)`,
	`requestParameters.Tag: { Key: (env or { a: b } ) }`, `"requestParameters.a b": {"a b": c}`, `x{y`, `eventTime >= 2026-11-29T10:00:00Z and eventTime < now/d`, `nothing: { eventName: a }`,
}

func TestCompleteEverywhere(t *testing.T) {
	for _, q := range half {
		checkComplete(t, q, testSource(t))
		checkComplete(t, q, Source{})
	}
	for _, line := range lines(t, "testdata/mistakes.txt") {
		checkComplete(t, line, testSource(t))
	}
}

// Random queries, cut off and with pieces torn out.
func TestCompleteTorn(t *testing.T) {
	seed := rand.Uint64()
	r := randomQuery{rand.New(rand.NewPCG(seed, 1))}
	for range 120 {
		q := r.query(2)
		if len(q) > 120 || !utf8.ValidString(q) {
			continue
		}
		checkComplete(t, q, testSource(t))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
		at := r.IntN(len(q))
		torn := strings.ToValidUTF8(q[:at]+q[min(len(q), at+r.IntN(8)):], "")
		checkComplete(t, torn, testSource(t))
		checkComplete(t, strings.ToValidUTF8(q[:at], ""), testSource(t))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzComplete(f *testing.F) {
	for _, q := range half {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		if len(q) < 100 {
			checkComplete(t, q, testSource(t))
		}
	})
}

func ExampleComplete() {
	source := Source{Values: func(field, prefix string) []Counted { return []Counted{{"DeleteInstance", 12}, {"Delete Me", 1}} }}
	for _, s := range Complete("eventName: Del and eventRW: Write", 14, source) {
		fmt.Println(s.From, s.To, s.Insert, s.Count)
	}
	// Output:
	// 11 14 DeleteInstance 12
	// 11 14 "Delete Me" 1
}
