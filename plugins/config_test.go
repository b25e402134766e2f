package plugins

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeConfig(t *testing.T) {
	type tls struct {
		CA string `json:"ca"`
	}
	type config struct {
		Folder  string   `json:"folder"`
		Every   int      `json:"every"`
		Servers []string `json:"servers"`
		TLS     tls      `json:"tls"`
		Own     string   `json:"-"`
		Bare    string
	}
	for _, c := range []struct {
		text string
		want config
		told []Problem
	}{
		{`{}`, config{Every: 5}, nil},
		{`{"folder":"a","every":7,"servers":["x"],"tls":{"ca":"y"}}`, config{Folder: "a", Every: 7, Servers: []string{"x"}, TLS: tls{"y"}}, nil},
		{`{"tls":{"ca":1},"every":1.5,"folders":"a","Bare":"x"}`, config{Every: 5}, []Problem{
			{[]string{"Bare"}, `there is no attribute "Bare"; there are: every, folder, servers, tls`},
			{[]string{"every"}, "a whole number is needed here, not a number 1.5"},
			{[]string{"folders"}, `there is no attribute "folders"; there are: every, folder, servers, tls`},
			{[]string{"tls", "ca"}, "a string is needed here, not a number"},
		}},
		{`{"tls":{"cert":"x"}}`, config{Every: 5}, []Problem{{[]string{"tls"}, `unknown field "cert"`}}},
		{`{"servers":"x"}`, config{Every: 5}, []Problem{{[]string{"servers"}, "a list is needed here, not a string"}}},
	} {
		got := config{Every: 5}
		err := DecodeConfig([]byte(c.text), &got)
		wrong := (*ConfigError)(nil)
		if err != nil && !errors.As(err, &wrong) {
			t.Fatalf("%s: %v", c.text, err)
		}
		if c.told == nil {
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%s: %v %s", c.text, err, diff)
			}
			continue
		}
		if wrong == nil {
			t.Fatalf("%s: nothing is wrong", c.text)
		}
		if diff := cmp.Diff(c.told, wrong.Problems); diff != "" {
			t.Errorf("%s: %s", c.text, diff)
		}
	}
	if err := DecodeConfig([]byte(`[]`), &config{}); err == nil {
		t.Error("a list is a configuration")
	}
	if err := DecodeConfig([]byte(`{}`), config{}); err == nil {
		t.Error("into a struct that nobody sees")
	}
}

// FuzzDecodeConfig decodes anything: what is wrong has a path, and what is right is taken.
func FuzzDecodeConfig(f *testing.F) {
	f.Add(`{"folder":"a","every":7,"tls":{"ca":[]}}`)
	f.Add(`{"folder":null,"x":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var c struct {
			Folder string   `json:"folder"`
			Every  int      `json:"every"`
			List   []string `json:"list"`
			TLS    struct {
				CA string `json:"ca"`
			} `json:"tls"`
		}
		err := DecodeConfig([]byte(text), &c)
		if wrong := (*ConfigError)(nil); errors.As(err, &wrong) {
			for _, p := range wrong.Problems {
				if len(p.Path) == 0 || p.Text == "" {
					t.Errorf("%+v", p)
				}
			}
		}
	})
}
