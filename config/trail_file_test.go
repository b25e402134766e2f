package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// A trail that is given as JSON is the one that the same words declare in a file,
// and what is exported declares it again.
func TestTrailTextRoundTrip(t *testing.T) {
	const spec = `{"where":"eventName: \"a ${b} %{c}\"","eventRw":"Write","services":["Ram","Sts"],"regions":[],
		"deliver":[{"kind":"file","path":"./a","prefix":"p","roll":{"maxAge":"30s","maxBytes":"1MiB"}},
			{"kind":"s3","name":"copy","bucket":"audit","pathStyle":true,"endpoint":"https://s3.example.com","lock":{"mode":"compliance","days":180}}]}`
	const written = `trail "security" {
  where = "eventName: \"a $${b} %%{c}\""
  event_rw = "Write"
  services = ["Ram", "Sts"]
  deliver "file" {
    path = "./a"
    prefix = "p"
    roll {
      max_age = "30s"
      max_bytes = "1MiB"
    }
  }
  deliver "s3" {
    name = "copy"
    bucket = "audit"
    path_style = true
    endpoint = "https://s3.example.com"
    lock {
      mode = "compliance"
      days = 180
    }
  }
}`
	text, err := TrailText("security", []byte(spec))
	if err != nil {
		t.Fatal(err)
	}
	same := cmp.Options{cmpopts.IgnoreFields(Trail{}, "Place", "Text", "Filter"), cmpopts.IgnoreFields(Delivery{}, "Place", "Filter")}
	want := mustLoad(t, written).Trails
	for _, text := range []string{string(text), mustLoad(t, string(text)).Trails[0].Text, want[0].Text} {
		if diff := cmp.Diff(want, mustLoad(t, text).Trails, same); diff != "" {
			t.Errorf("(-want +got)\n%s\nof\n%s", diff, text)
		}
		if name, err := TrailName([]byte(text)); err != nil || name != "security" {
			t.Errorf("its name is %q, %v", name, err)
		}
	}
	for _, wrong := range []string{`[]`, `{"where":null}`, `{"regions":[1]}`, `{"deliver":[{"kind":"file"},"x"]}`, `{"a b":1}`} {
		if text, err := TrailText("t", []byte(wrong)); err == nil {
			t.Errorf("%s is written as %s", wrong, text)
		}
	}
	for _, wrong := range []string{``, `trail "a" {`, "trail \"a\" {}\ntrail \"b\" {}", `api {}`, "x = 1\ntrail \"a\" {}"} {
		if name, err := TrailName([]byte(wrong)); err == nil {
			t.Errorf("%s declares trail %s", wrong, name)
		}
	}
}

// Whatever JSON is given as a trail, the text that is made of it declares one, or nothing.
func FuzzTrailText(f *testing.F) {
	f.Add(`{"where":"a","deliver":{"kind":"file","path":"x","roll":{"maxAge":"1m"}}}`)
	f.Add(`{"\u0000":["a"],"A":{"B":{}}}`)
	f.Fuzz(func(t *testing.T, spec string) {
		text, err := TrailText("t", []byte(spec))
		if err != nil {
			return
		}
		if name, err := TrailName(text); err != nil || name != "t" {
			t.Errorf("%s is written as\n%s\nof %q, %v", spec, text, name, err)
		}
		if strings.Count(string(text), "\ntrail ") > 0 {
			t.Errorf("there is more than one trail in\n%s", text)
		}
	})
}
