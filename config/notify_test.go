package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNotify(t *testing.T) {
	trail := func(notify string) string {
		return "trail \"t\" {\n deliver \"file\" { path = \"a\" }\n" + notify + "\n}"
	}
	plain := mustLoad(t, trail("")).Trails[0]
	got := mustLoad(t, trail("notify \"webhook\" {\n url = \"https://a.example.com/x?token=1\"\n secret_file = \"s\"\n}\nnotify \"webhook\" { url = \"http://127.0.0.1:1/\" }")).Trails[0]
	if len(got.Notify) != 2 || got.Notify[0].URL != "https://a.example.com/x?token=1" || filepath.Base(got.Notify[0].SecretFile) != "s" || got.Notify[0].Host() != "a.example.com" || got.Hash == plain.Hash {
		t.Errorf("notifications are %+v", got.Notify)
	}
	for notify, want := range map[string]string{
		"notify \"webhok\" { url = \"https://a/\" }":                                               `did you mean "webhook"?`,
		"notify \"nats\" { url = \"https://a/\" }":                                                 "not in this version yet",
		"notify \"webhook\" { url = \"http://a.example.com/\" }":                                   "in the clear",
		"notify \"webhook\" { url = \"ftp://a\" }":                                                 "not the address of a receiver",
		"notify \"webhook\" { url = \"https://u:p@a/\" }":                                          "holds a password",
		"notify \"webhook\" {}":                                                                    "url is missing",
		"notify \"webhook\" { url = \"https://a/\" }\nnotify \"webhook\" { url = \"https://a/\" }": "one receiver twice",
	} {
		if _, err := load(t, trail(notify)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "u:p@a: ") {
			t.Errorf("%s is refused with %v, want %s", notify, err, want)
		}
	}
}
