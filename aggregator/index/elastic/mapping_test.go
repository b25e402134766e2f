package elastic

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the frozen mapping of this version")

// TestMappingIsFrozen: what a version of the mapping says stays, as indices of it are
// there. An addition takes a new version and a new file; the old files are never changed.
func TestMappingIsFrozen(t *testing.T) {
	name := fmt.Sprintf("testdata/mapping-%d.json", mappingVersion)
	got, err := json.MarshalIndent(mapping(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the mapping is not that of its version; raise mappingVersion and run with -update (-want +got)\n%s", diff)
	}
	for v := 1; v <= mappingVersion; v++ {
		old, err := os.ReadFile(fmt.Sprintf("testdata/mapping-%d.json", v))
		if err != nil {
			t.Fatal(err)
		}
		var before, now object
		if err := json.Unmarshal(old, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &now); err != nil {
			t.Fatal(err)
		}
		kept(t, "", before["properties"].(object), now["properties"].(object))
	}
}

// kept tells of what is there no more or is another, which an index that is there cannot take.
func kept(t *testing.T, at string, before, now object) {
	t.Helper()
	for name, old := range before {
		o, inner := old.(object)
		n, ok := now[name].(object)
		switch {
		case inner && ok:
			kept(t, at+"."+name, o, n)
		case !cmp.Equal(old, now[name]):
			t.Errorf("%s.%s was %v and is %v", at, name, old, now[name])
		}
	}
}
