package elastic

import (
	"math/rand/v2"
	"testing"
	"time"
)

func at(day string) time.Time {
	t, err := time.Parse("2006-01-02T15", day)
	if err != nil {
		panic(err)
	}
	return t
}

func TestSliceNames(t *testing.T) {
	for _, c := range []struct {
		class  string
		period Period
		at     string
		name   string
	}{
		{"", Day, "2026-11-21T23", "p-2026.11.21"},
		{"", Week, "2026-11-21T23", "p-2026.w47"},
		{"", Month, "2026-11-21T23", "p-2026.11"},
		{"signins", Day, "2026-11-21T00", "p-signins-2026.11.21"},
		{"a_1", Week, "2027-01-01T00", "p-a_1-2026.w53"},
		{"", Week, "2024-12-30T00", "p-2025.w01"},
		{"", Month, "1678-01-01T00", "p-1678.01"},
	} {
		s := sliceOf(c.class, c.period, at(c.at))
		if got := s.name("p"); got != c.name {
			t.Errorf("index %s, want %s", got, c.name)
		}
		back, ok := parseSlice("p", c.name)
		if !ok || back != s {
			t.Errorf("%s is read as %+v, %v; want %+v", c.name, back, ok, s)
		}
		if x := at(c.at); x.Before(s.from) || !x.Before(s.to) {
			t.Errorf("%s of %s is from %v to %v", c.name, c.at, s.from, s.to)
		}
	}
	for name, class := range map[string]string{"p-other": "", "p-signins-other": "signins", "p-other-other": "other"} {
		if s, ok := parseSlice("p", name); !ok || s != otherSlice(class) || s.name("p") != name {
			t.Errorf("%s is read as %+v, %v", name, s, ok)
		}
	}
	for _, name := range []string{"p", "p-", "pother", "p--other", "p-other-", "q-2026.11.21", "p-2026.13", "p-2026.11.31", "p-2026.w54", "p-2026.w00", "p-2026.11.21-x", "p_state", "px-2026.11", "p-2026.1"} {
		if s, ok := parseSlice("p", name); ok {
			t.Errorf("%s is taken for the index of %+v", name, s)
		}
	}
}

// Whatever periods are chosen one after another, in whatever order times come and
// indices go, a time that was stored is looked for where it is.
func TestPlaceNeverChanges(t *testing.T) {
	const prefix = "p"
	start := at("2025-10-01T00")
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		indices := map[string]slice{}
		stored := map[int64]string{} // time to index
		there := func(s slice) bool {
			_, ok := indices[s.name(prefix)]
			return ok
		}
		wanted := Day
		for range 400 {
			switch r.IntN(20) {
			case 0:
				wanted = []Period{Day, Week, Month}[r.IntN(3)]
			case 1: // retention
				for name := range indices {
					delete(indices, name)
					for when, in := range stored {
						if in == name {
							delete(stored, when)
						}
					}
					break
				}
			}
			when := start.Add(time.Duration(r.IntN(150)) * 24 * time.Hour)
			s, made := place(there, "", wanted, when)
			name := s.name(prefix)
			if made != there(s) {
				t.Fatalf("seed %d: %s: made %v", seed, name, made)
			}
			if before, ok := stored[when.UnixNano()]; ok && before != name {
				t.Fatalf("seed %d: %v was stored in %s, and is looked for in %s; there are %v", seed, when, before, name, indices)
			}
			indices[name] = s
			stored[when.UnixNano()] = name
		}
	}
}

func TestPeriodFor(t *testing.T) {
	for perDay, want := range map[float64]Period{0: Month, 149_999: Month, 150_000: Week, 1_000_000: Day} {
		if got := periodFor(perDay); got != want {
			t.Errorf("%v events a day: %s, want %s", perDay, got, want)
		}
	}
}
