package store

import (
	"encoding/xml"
	"strings"
	"testing"
)

// Whatever a store says of its rules, those of others come out as they went in, and
// ours is there once: then nothing more is to be changed.
func FuzzRules(f *testing.F) {
	f.Add("<LifecycleConfiguration><Rule><ID>a</ID><X>1</X></Rule><Rule><ID>ours</ID></Rule></LifecycleConfiguration>")
	f.Add("<LifecycleConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><Filter><Prefix>é&amp;</Prefix></Filter></Rule></LifecycleConfiguration>")
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseRules([]byte(text))
		if err != nil {
			return
		}
		const ours = "<ID>ours</ID><Days>3</Days>"
		with, changed := all.With("ours", ours)
		if !changed {
			return
		}
		for _, r := range all.Rules {
			if r.ID != "ours" && !strings.Contains(with, "<Rule>"+r.Text+"</Rule>") {
				t.Errorf("the rule %q is lost in %q", r.Text, with)
			}
		}
		again, err := ParseRules([]byte("<LifecycleConfiguration>" + with + "</LifecycleConfiguration>"))
		if err != nil {
			if xml.Unmarshal([]byte("<x>"+with+"</x>"), new(struct{})) == nil {
				t.Errorf("%q cannot be read: %v", with, err)
			}
			return // a name space that was declared outside
		}
		if _, changed := again.With("ours", ours); changed {
			t.Errorf("%q is to be changed again", with)
		}
	})
}

func TestRules(t *testing.T) {
	all, err := ParseRules([]byte("<LifecycleConfiguration><Rule><ID>a</ID></Rule><Rule><ID>ours</ID><Days> 3 </Days></Rule></LifecycleConfiguration>"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ours, want string
		changed    bool
	}{
		{"<Days>3</Days><ID>ours</ID>", "", false},
		{"<ID>ours</ID><Days>4</Days>", "<Rule><ID>a</ID></Rule><Rule><ID>ours</ID><Days>4</Days></Rule>", true},
		{"", "<Rule><ID>a</ID></Rule>", true},
	} {
		if text, changed := all.With("ours", c.ours); text != c.want || changed != c.changed {
			t.Errorf("with %q: %q, %v", c.ours, text, changed)
		}
	}
	if text, changed := all.With("nobody's", ""); changed {
		t.Errorf("nothing is to be changed: %q", text)
	}
}
