package mapper

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// In whatever order the members come, and however often, the object is the
// canonical one, and one record leaves nothing behind for the next.
func TestObject(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var o object
	for range 2000 {
		o.reset()
		want := map[string]any{}
		for range random.IntN(6) {
			name := fmt.Sprintf(`%c"%d`, 'a'+random.IntN(4), random.IntN(2))
			k := key{name: name}
			if random.IntN(2) == 0 {
				k = newKey(name)
			}
			if n := random.IntN(1000); n%2 == 0 {
				want[name] = json.Number(fmt.Sprint(n))
				o.add(k, "")
				o.members[len(o.members)-1] = member{key: k, number: int64(n)}
			} else {
				want[name] = fmt.Sprintf("\"\\ü%d", n)
				o.add(k, fmt.Sprintf("\"\\ü%d", n))
			}
		}
		canonical, err := event.NewObject(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.object(); got != canonical {
			t.Fatalf("object is %s, want %s", got, canonical)
		}
	}
}
