package indextest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/query"
)

// rich is an event as event makes it, in which most fields are drawn anew from
// values that are known to go wrong: other ways to write the same, what lies at
// a limit, what another language would read as its own.
func (w *world) rich() event.Event {
	e := w.draft()
	e.UserAgent = w.of("", "sdk/1.0 (linux)", "curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)")
	for _, field := range []*string{
		&e.Name, &e.Source, &e.Service, &e.Region, &e.UserAgent, &e.VPCID, &e.ResourceType, &e.ResourceName, &e.RecipientAccountID, &e.ErrorCode,
		&e.Identity.Type, &e.Identity.PrincipalID, &e.Identity.UserName, &e.Identity.AccessKeyID, &e.Origin.File, &e.Origin.Mapper, &e.DuplicateOf,
	} {
		if w.IntN(10) == 0 {
			*field = w.odd()
		}
	}
	if w.IntN(3) == 0 {
		e.SourceIP = w.address()
	}
	for _, text := range []*string{&e.ErrorMessage, &e.RequestParameterJSON, &e.Raw} {
		if w.IntN(6) == 0 {
			*text = w.text()
		}
	}
	for _, body := range []*event.Object{
		&e.ResponseElements, &e.ReferencedResources, &e.Attributes, &e.Additional, &e.Identity.SessionAttributes, &e.Identity.SessionIssuer,
	} {
		if *body = ""; w.IntN(5) == 0 {
			*body = w.body(40) // an index names some hundred leaves only
		}
	}
	if e.RequestParameters = ""; w.IntN(4) > 0 {
		e.RequestParameters = w.body(400)
	}
	if w.IntN(50) == 0 {
		e.Extra = `{"new":"denied"}` // not of this form, and so not searched
	}
	switch w.IntN(12) {
	case 0:
		e.Time = w.another().Time
	case 1:
		e.Time = event.At(w.start.Add(24*time.Hour+time.Duration(w.IntN(5)-2)), 9) // around midnight
	}
	if w.IntN(60) == 0 {
		e.ID = w.another().ID // at another time that is another event
	}
	if w.IntN(400) == 0 {
		e.ID = w.odd() + fmt.Sprint(w.made)
	}
	switch w.IntN(400) { // few, as each day is a file of its own
	case 0:
		e.Time = event.Time{}
	case 1:
		e.Time = event.Unix(-1, 9)
	case 2:
		e.Time = event.At(time.Date(2261, 12, 31, 23, 59, 59, 999_999_999, time.UTC), 9)
	case 3:
		e.Time = event.At(time.Date(1678, 1, 1, 0, 0, 0, 1, time.UTC), 9)
	}
	switch w.IntN(40) {
	case 0:
		e.Origin.Offset, e.Origin.Epoch, e.Origin.Batch = 1<<63-1, 1<<64-1, 1<<53+1
	case 1:
		e.Origin.Offset, e.Origin.Length = 1<<53, 0
	}
	return w.finish(e)
}

// another is an event that was drawn before.
func (w *world) another() event.Event {
	if len(w.known) == 0 {
		return w.event()
	}
	return w.known[w.IntN(len(w.known))]
}

// odd is a value that some reader takes for something else.
func (w *world) odd() string {
	if w.IntN(25) == 0 {
		return w.long()
	}
	return w.of(
		// One letter, several ways.
		"é", "e\u0301", "É", "straße", "STRASSE", "ẞ", "İstanbul", "istanbul", "ısparta", "ΣΊΣΥΦΟΣ", "σίσυφος", "\u212Aelvin", "kelvin",
		"資源", "資 源", "カタカナ", "ひらがな", "한글", "ไทย", "१२३", "Ⅷ", "ﬁn", "😀", "a😀b", "\u0301", "\u200d", "\ufeffbom", "\u202ertl", "\u00a0",
		// Words and signs of query languages.
		"and", "OR", "not", "a*b", "*", `a\*b`, "?", "(a)", `"quoted"`, `\`, `a\b`, "a:b", "<a>", "{}", "[a TO b]", "/a/", "-a", "a~", "a^2", "&&",
		// Of another type, elsewhere.
		"true", "false", "null", "0", "1", "01", "1.0", "-1", "1e3", "NaN", "0x1F", "2026-03-01", "2026-03-01T00:00:00Z", "10.0.0.1", "10.0.0.0/8", "::1",
		// Bounds of tokens, and white space.
		".", "a.b", "a..b", ".a", "a.", "a-b", "-", "_", "a_b", "a b", "a  b", " a", "a ", " ", "\ta\n", "a\r\nb", "a\x00b", "\x7f", "a/b", "a/b/c", "a,b",
		// What looks like an id.
		"0123456789abcdef", "0123456789ABCDEF", "0123456789abcde", "9e107d9d372bb6826bd81d3542a419d6", strings.ToUpper(w.anyID()), w.anyID(), fmt.Sprintf("%032x", w.Uint64()),
	)
}

// long is a value around the limit of those that are compared.
func (w *world) long() string {
	return w.of(long[:query.MaxValue-1], long[:query.MaxValue], long[:query.MaxValue+1], long, long[:query.MaxValue]+"X",
		long[:query.MaxValue-1]+"é", long[:query.MaxValue-1]+"e", long[:query.MaxValue-2]+"😀",
		strings.Repeat("é", 600), strings.Repeat("資", 400), strings.Repeat("Ab ", 400), strings.Repeat("İ", 800))
}

func (w *world) anyID() string { return w.another().ID }

// address is what stands where addresses do.
func (w *world) address() string {
	return w.of("10.0.0.0", "10.255.255.255", "11.0.0.0", "0.0.0.0", "255.255.255.255", "127.0.0.1", "192.168.0.1",
		"2001:db8::1", "2001:DB8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::", "2001:db9::1", "::", "::1", "::ffff:10.0.0.1", "::ffff:a00:1", "::10.0.0.1", "::fffe:a00:1",
		"fe80::1", "fe80::1%eth0", "fe80::1%10", "10.0.0.1 ", "010.0.0.1", "10.0.0.1:443", "[::1]", "10.0.0", "10.0.0.1.5", "10.0.0.0/8", "AliyunConsole", "ecs.example.com",
		fmt.Sprintf("%d.%d.0.%d", 9+w.IntN(3), w.IntN(3), w.IntN(256)), fmt.Sprintf("2001:db8:%x::%x", w.IntN(3), w.IntN(1<<16)))
}

// text is one of a few hundred texts of several words, or seldom a new one.
func (w *world) text() string {
	if len(w.texts) > 400 && w.IntN(50) > 0 {
		return w.texts[w.IntN(len(w.texts))]
	}
	var b strings.Builder
	for range w.IntN(9) {
		switch w.IntN(4) {
		case 0:
			b.WriteString(w.odd())
		case 1:
			b.WriteString(w.anyID())
		default:
			b.WriteString(w.word())
		}
		b.WriteString(w.of(" ", " ", " ", "/", ", ", "", ".", "\n", "\u3000"))
	}
	w.texts = append(w.texts, b.String())
	return b.String()
}

// body is one of the first so many bodies, or seldom a new one.
func (w *world) body(most int) event.Object {
	if most > 100 && w.IntN(20) == 0 { // as requests have them: an id that no other event has
		return parseObject(fmt.Sprintf(`{"InstanceId":"i-%x","RequestId":"%032x","Tag":[{"Key":"env","Value":"prod"}]}`, w.Uint64(), w.Uint64()))
	}
	if most > 100 && w.IntN(100) == 0 { // more leaves than an index names
		var b []byte
		for i := range 100 {
			b = append(b, fmt.Sprintf(`%c"k%d":"%s"`, "{,"[min(i, 1)], w.IntN(2000), w.of("a", "b"))...)
		}
		return parseObject(string(append(b, '}')))
	}
	if i := w.IntN(most); i < len(w.bodies) {
		return w.bodies[i]
	}
	o := parseObject(string(w.members(nil, 3)))
	w.bodies = append(w.bodies, o)
	return o
}

func parseObject(text string) event.Object {
	o, err := event.ParseObject([]byte(text))
	if err != nil {
		panic(fmt.Sprintf("%v: %s", err, text))
	}
	return o
}

// members appends an object, depth more below it.
func (w *world) members(b []byte, depth int) []byte {
	b = append(b, '{')
	for i := range w.IntN(5) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(event.AppendString(b, w.key()), ':')
		b = w.member(b, depth)
	}
	return append(b, '}')
}

// key is a name in a body; several ones make the same path.
func (w *world) key() string {
	if w.IntN(150) == 0 {
		return long[:255+w.IntN(3)]
	}
	return w.of("InstanceId", "InstanceIds", "Tag", "Key", "Value", "Name", "a", "b", "c", "a.b", "a.b.c", "b.c", ".", "a.", ".a", "", " ", `q"uo`, `back\slash`, "a:b", "a*", "*", "é", "e\u0301",
		"資源", "Count", "not", "{", "User Name", "\t", "0")
}

func (w *world) member(b []byte, depth int) []byte {
	switch n := w.IntN(16); {
	case n == 0:
		return append(b, "null"...)
	case n == 1:
		return append(b, w.of("true", "false")...)
	case n == 2:
		return append(b, w.of("0", "1", "-1", "1.0", "1.50", "1e3", "1E+3", "-0", "0.1", "12345678901234567890", "9007199254740993", "1e400", strconv.Itoa(w.IntN(4)))...)
	case n == 3:
		return append(b, w.of(`""`, `[]`, `{}`, `[[]]`, `[null]`, `[{}]`, `["",null,""]`)...)
	case n < 7 && depth > 0:
		return w.members(b, depth-1)
	case n < 10 && depth > 0:
		b = append(b, '[')
		for i := range w.IntN(4) {
			if i > 0 {
				b = append(b, ',')
			}
			if w.IntN(2) == 0 {
				b = w.members(b, depth-1)
			} else {
				b = w.member(b, depth-1)
			}
		}
		return append(b, ']')
	case n < 13:
		return event.AppendString(b, w.of(w.word(), w.user(), w.ip(), w.name()))
	case n == 13:
		return event.AppendString(b, w.text())
	}
	return event.AppendString(b, w.odd())
}
