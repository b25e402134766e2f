package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A plan tells what would become of the trails, and changes nothing.
func TestPlanCommand(t *testing.T) {
	b := newBox(t, "")
	b.start()
	b.write(500)
	b.indexed()
	file := filepath.Join(t.TempDir(), "wanted.hcl")
	text := fmt.Sprintf("trail \"all\" {\n  where = \"eventRW: Write\"\n  deliver \"file\" {\n    path = %q\n    roll { max_age = \"1s\" }\n  }\n  deliver \"file\" {\n    name = \"copy\"\n    path = \"./copy\"\n  }\n}\n", b.archive()) +
		"trail \"ecs\" {\n  where = \"userIdentity.userName: u3\"\n  deliver \"file\" { path = \"./ecs\" }\n}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := b.command(newPlanCommand(), "--config", file)
	for _, want := range []string{
		`(?m)^~ trail all will change$`, `(?m)^    where +- \(all events\)\n +\+ eventRW: Write$`, `(?m)^ +\+ copy to \./copy$`, `= file to `,
		`(?m)^\+ trail ecs will be created$`, `(?m)^    matches +71 of [\d,]+ events in 7 days \(.*%\)  \.\.\.\.\.\.█$`, `about \d+ B stored \(\d+ B each`, `about 1 object into file`,
		`(?m)^    such as +20\d\d-.*u3 .*ok$`, `(?m)^Plan: 1 to create, 1 to change, 0 to go away, 0 as before\.$`,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("the plan does not say %s", want)
		}
	}
	if out := b.command(newPlanCommand(), "--config", b.config()); out != "Nothing changes: 1 trail stays as it is.\n" {
		t.Errorf("the plan of what runs is %s", out)
	}
	if t.Failed() {
		t.Logf("the plan is\n%s", out)
	}
	if s := b.trail("ecs"); s.Name != "" || b.trail("all").Where != "" {
		t.Error("a plan changes the trails")
	}
	var valid bytes.Buffer
	validate := newValidateCommand()
	validate.SetOut(&valid)
	validate.SetArgs([]string{file})
	if err := validate.Execute(); err != nil {
		t.Error(err)
	}
	if out := valid.String(); !strings.Contains(out, "trail all: eventRW: Write; delivers to file ") || !strings.Contains(out, "copy ./copy") {
		t.Errorf("validate says\n%s", out)
	}
}
