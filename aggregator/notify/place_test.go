package notify

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A file that no teller has written is refused, with what is to be done.
func TestHostilePlace(t *testing.T) {
	for text, want := range map[string]string{
		`{"version":1,"seal":2,"object":0,"more":1}`: `unknown field "more"`,
		`{"version":3,"seal":2,"object":0}`:          "version 3 is not known",
		`{"version":1,"seal":2,"object":-1}`:         "no teller",
		`{"version":1,"seal":-2,"object":1}`:         "cannot unmarshal",
		`{"version":1,"seal":99,"object":0}`:         "it is at seal 99, and the archive has seals 0 to 1",
		`{"version":1,"seal":2,"object":0}{}`:        "more behind",
		`{"version":2,"seal":2,"object":0}`:          "no teller",
		`{"version":1,"seal":2,"object":0,"refused":[{"seal":1,"object":0,"key":"a","at":"2026-11-21T00:00:00Z","why":""}]}`: "no teller",
		`{"version":2,"seal":2,"object":0,"refused":[{"seal":3,"object":0,"key":"a","at":"2026-11-21T00:00:00Z","why":""}]}`: "object 0 of seal 3",
		"": "EOF",
	} {
		s := &seals{}
		s.add("a")
		s.add("b")
		file := filepath.Join(t.TempDir(), "place.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := (&Teller{Archive: s, File: file}).begin()
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "remove it") {
			t.Errorf("%s gives %v, not %s", text, err, want)
		}
	}
}

// never is a receiver that refuses all for good.
type never struct{ told int }

func (n *never) Send(context.Context, *Notice) error { n.told++; return &Refusal{"gone"} }

// When too many are refused nothing more is passed over: it waits.
func TestTooManyRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 4
		s := &seals{}
		s.add("before")
		var keys []string
		for i := range most + 5 {
			keys = append(keys, fmt.Sprint("k", i))
		}
		file := filepath.Join(t.TempDir(), "place.json")
		w := &Teller{Archive: s, Trail: "all", File: file, most: most, Receiver: &never{}, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		if _, err := w.begin(); err != nil {
			t.Fatal(err)
		}
		s.add(keys...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		w.Run(ctx)
		if x := w.Status(); x.Refused != most || !strings.Contains(x.LastError, "actiontrail trail renotify all") {
			t.Errorf("status is %+v", x)
		}
		at, err := (&Teller{Archive: s, File: file}).begin()
		if err != nil || at.Object != most || len(at.Refused) != most {
			t.Errorf("it stands at %d with %d refused, %v", at.Object, len(at.Refused), err)
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add([]byte(`{"version":1,"seal":2,"object":0}`))
	f.Add([]byte(`{"version":2,"seal":2,"object":1,"refused":[{"seal":1,"object":0,"key":"a","at":"2026-11-21T00:00:00Z","why":"x"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := readPlace(data)
		if err != nil {
			return
		}
		s := &seals{}
		for range min(p.Seal, 3) {
			s.add()
		}
		w := &Teller{Archive: s, File: filepath.Join(t.TempDir(), "place.json")}
		if err := w.keep(p); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(w.File)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := readPlace(text); err != nil || again.Seal != p.Seal || again.Object != p.Object || len(again.Refused) != len(p.Refused) {
			t.Fatalf("%s is read as %+v, %v", text, again, err)
		}
	})
}
