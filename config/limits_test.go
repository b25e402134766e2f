package config

import (
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	c := mustLoad(t, `
api {
  limits {
    timeout  = "5s"
    searches = 3
    wait     = "200ms"
    page     = 1000
    exports  = 2
    tails    = 1
  }
}
`)
	if want := (Limits{5 * time.Second, 3, 200 * time.Millisecond, 1000, 2, 1}); c.API.Limits != want {
		t.Errorf("%+v, want %+v", c.API.Limits, want)
	}
	for _, text := range []string{"", "api {}", "api {\n  limits {}\n}\n"} {
		if c := mustLoad(t, text); c.API.Limits != (Limits{}) {
			t.Errorf("%q: %+v", text, c.API.Limits)
		}
	}
}
