package event

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"
)

// awkward are texts that careless escaping, sorting or trimming gets wrong.
var awkward = []string{
	"", "a", " ", "null", "0", "é", "\u2028\u2029", "\x00\x01\x1f\x7f", `"quoted\"`, "tab\tline\nreturn\r\b\f", "</script>&<>",
	"1.Key", "a.b.c", "日本語", "\U0001F600", "\uFFFD", strings.Repeat("long ", 40), "{}", `{"a":1}`, "eventId",
}

// randomEvent has each field set or not, all as a mapper may set them.
func randomEvent(r *rand.Rand) Event {
	var e Event
	fill(r, reflect.ValueOf(&e).Elem())
	return e
}

func fill(r *rand.Rand, v reflect.Value) {
	if r.IntN(3) == 0 && v.Kind() != reflect.Struct {
		return
	}
	switch x := v.Addr().Interface().(type) {
	case *string:
		*x = awkward[r.IntN(len(awkward))]
	case *Object:
		*x = randomObject(r)
	case *bool:
		*x = r.IntN(2) == 0
	case *int64:
		*x = r.Int64()
	case *uint64:
		*x = r.Uint64()
	case *Exchange: // it comes back as Additional
	case *Time:
		*x = randomTime(r)
	default:
		for i := range v.NumField() {
			fill(r, v.Field(i))
		}
	}
}

func randomTime(r *rand.Rand) Time {
	from := time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	to := time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	return At(time.Unix(from+r.Int64N(to-from), r.Int64N(1e9)), uint8(r.IntN(10)))
}

func randomObject(r *rand.Rand) Object {
	m := map[string]any{}
	for range 1 + r.IntN(4) {
		m["x-"+awkward[r.IntN(len(awkward))]] = randomValue(r, 3)
	}
	o, err := NewObject(m)
	if err != nil {
		panic(err)
	}
	return o
}

func randomValue(r *rand.Rand, depth int) any {
	kind := r.IntN(8)
	if depth == 0 {
		kind = r.IntN(5)
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return number(fmt.Sprint(r.Int64()))
	case 3:
		return number([]string{"0", "-0", "1.50", "1e5", "1E+400", "12345678901234567890"}[r.IntN(6)])
	case 5:
		var a []any
		for range r.IntN(3) {
			a = append(a, randomValue(r, depth-1))
		}
		return a
	case 6:
		m := map[string]any{}
		for range r.IntN(3) {
			m[awkward[r.IntN(len(awkward))]] = randomValue(r, depth-1)
		}
		return m
	}
	return awkward[r.IntN(len(awkward))]
}
