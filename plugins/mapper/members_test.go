package mapper

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Keys are foreseen from the record before; what differs from it is read all the same.
func TestMembersAfterOthers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	var m members
	var before []byte
	for range 20_000 {
		var b strings.Builder
		b.WriteString(pick("", " ") + "{")
		for i := range r.IntN(5) {
			if i > 0 {
				b.WriteString(pick(",", ",", ",", ", ", " ,"))
			}
			// Keys in their order, but for some.
			key := pick(fmt.Sprint("key", i), fmt.Sprint("key", i), fmt.Sprint("key", i), "other", `k\u0065y0`)
			value := pick(`"a value that is longer than the first words"`, `"x"`, `""`, `"\""`, "17", "-1.5", "null", `{"a":"}"}`, `[1]`, `"a\"`+"\xc3\xa9"+`"`)
			b.WriteString(`"` + key + `"` + pick(":", ":", ":", ": ", " :") + value)
		}
		b.WriteString(pick("}", "}", " }", "} "))
		checkMembers(t, &m, []byte(b.String()))
		checkForeseen(t, before, []byte(b.String()))
		before = []byte(b.String())
	}
}

// An object that is broken is told to be broken after good ones, too.
func TestBrokenMembersAfterGood(t *testing.T) {
	const good = `{"status":"200","n":17,"path":"/v1"}`
	for broken, want := range map[string]error{
		``:                          errObject,
		`[]`:                        errObject,
		`{"status":"200","n":`:      errCut,
		`{"status":"200","n":,"a":`: errMember,
		`{"status":"200","n":17`:    errCut,
		`{"status":"200","n":17 `:   errCut,
		`{"status":"200`:            errCut,
		`{"status":"200" "n":17}`:   errMember,
		`{"status":"200","n":17}}`:  errMore,
		`{"status":"200",}`:         errMember,
		`{"status":}`:               errMember,
		`{"status"}`:                errMember,
	} {
		var m members
		for _, text := range []string{broken, good, broken} {
			err := m.each([]byte(text), false, new([]byte), nil, func(slot, string, string, bool) {})
			if text == broken && err != want || text == good && err != nil {
				t.Errorf("%s: %v, want %v", text, err, want)
			}
		}
	}
}

// A key that is escaped is not learnt; the keys after it in the first object are no worse for it.
func TestMembersAfterEscapedKey(t *testing.T) {
	var m members
	for range 3 {
		checkMembers(t, &m, []byte(`{"a":"1","b\b":0,"c":2}`))
	}
}

// Of a number and a literal the fast end is that of the careful one.
func TestPlainEnd(t *testing.T) {
	for text, want := range map[string]int{`1,`: 1, `17.5}`: 4, `null,`: 4, `,`: -1, `}`: -1, `1 ,`: -1, `-1,`: -1, `{"a":1},`: -1, `17`: -1, ``: -1} {
		if got := plainEnd([]byte(text), 0); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}

// Of a value that a record has twice the last one counts, of methods and sizes the
// last that is one, of paths the first; with the same keys foreseen and not.
func TestValuesTwice(t *testing.T) {
	m := newMapper(t, Options{Format: "nginx"})
	for record, want := range map[string]string{
		`{"msec":"1","request_method":"GET","method":"foo","request_uri":"/a","status":200,"status":404}`:         `"httpMethod":"GET","httpPath":"/a","httpStatus":404`,
		`{"msec":"1","uri":"/a","path":"/b","method":"GET","request_method":"PUT","status":"200","status":"-"}`:   `"httpMethod":"PUT","httpPath":"/a","httpStatus":200`,
		`{"msec":"1","uri":"/a","request_uri":"/b","request_uri":"/c","method":"PUT","status":1,"status":200}`:    `"httpMethod":"PUT","httpPath":"/c","httpStatus":200`,
		`{"msec":"1","request":"GET /d HTTP/1.1","status":200,"body_bytes_sent":7,"body_bytes_sent":"x","n":"1"}`: `"httpStatus":200,"responseBytes":7`,
		`{"msec":"1","request":"GET /d HTTP/1.1","status":200,"status":"x"}`:                                      `its status is missing or wrong`,
	} {
		for range 3 {
			if text := mapped(m, record); !strings.Contains(text, want) {
				t.Errorf("%s\nis %s\nwithout %s", record, text, want)
			}
		}
	}
}
