package access

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// write replaces a file as a whole.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

const (
	tokenA = "0123456789abcdef"
	tokenB = "fedcba9876543210="
)

func TestNamedTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	write(t, path, "# who may ask\nalice:"+tokenA+"\n\n  "+tokenB+"  \n")
	tokens := NewNamedTokens(path)
	if err := tokens.Check(); err != nil {
		t.Fatal(err)
	}
	find := func(bearer, name string, ok bool) {
		t.Helper()
		if n, found, err := tokens.Find(bearer); err != nil || found != ok || n != name {
			t.Errorf("%q: %q, %v, %v; want %q, %v", bearer, n, found, err, name, ok)
		}
	}
	find(tokenA, "alice", true)
	find(tokenB, "", true)
	for _, other := range []string{"", "alice", "alice:" + tokenA, tokenA[:15], tokenA + "0", "# who may ask"} {
		find(other, "", false)
	}
	write(t, path, "bob:"+tokenB+"\nalice:"+tokenA+"\nalice:"+tokenA+"\n") // a new name, and a line twice
	find(tokenB, "bob", true)
	find(tokenA, "alice", true)
	write(t, path, "bob:"+tokenB)
	find(tokenA, "", false)

	// What cannot be trusted any more lets nobody in, until it is mended.
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := tokens.Find(tokenB); ok || err == nil {
		t.Errorf("found in a file that all can read: %v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	find(tokenB, "bob", true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := tokens.Find(tokenB); ok || err == nil {
		t.Errorf("found without a file: %v", err)
	}
}

func TestBadTokenFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	for text, want := range map[string]string{
		"":                                       "no token in it",
		"# nothing\n\n":                          "no token in it",
		"short":                                  "line 1: a token has at least 16",
		tokenA + "\nalice:short":                 "line 2: a token has at least 16",
		"a b:" + tokenA:                          "not a name",
		":" + tokenA:                             "not a name",
		"alice:" + tokenA + ":x":                 "without a colon",
		tokenA + " " + tokenB:                    "one word",
		"alice: " + tokenA:                       "one word",
		"пароль-пароль-пароль":                   "one word of ASCII",
		"alice:" + tokenA + "\nbob:" + tokenA:    `line 2 has the token of "alice"`,
		strings.Repeat("x", maxTokenFile) + "\n": "right file",
	} {
		write(t, path, text)
		err := NewNamedTokens(path).Check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), tokenA) || strings.Contains(err.Error(), "short")) {
			t.Errorf("the error quotes a token: %v", err)
		}
	}
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o440: true, 0o640: true, 0o660: false, 0o644: false, 0o604: false, 0o601: false, 0o622: false} {
		write(t, path, tokenA)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := NewNamedTokens(path).Check(); os.Getuid() == 0 && (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

// A file whose lines are tokens and nothing else: that of a source, which clients of any kind post to.
func TestPlainTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	write(t, path, "#x\na:b\n")
	tokens := NewTokens(path)
	for bearer, want := range map[string]bool{"#x": true, "a:b": true, "b": false} {
		if _, ok, err := tokens.Find(bearer); ok != want || err != nil {
			t.Errorf("%q: %v, %v", bearer, ok, err)
		}
	}
}

func TestBearer(t *testing.T) {
	for authorization, want := range map[string]string{"Bearer x": "x", "bearer   x\t": "x", "Bearer": "", "Basic x": "-", "": "-", "Bearerx": "-", "Bearer x y": "x y"} {
		token, ok := Bearer(&http.Request{Header: http.Header{"Authorization": {authorization}}})
		if want == "-" && ok || want != "-" && (!ok || token != want) {
			t.Errorf("%q: %q, %v", authorization, token, ok)
		}
	}
}

// TestComparison: that tokens are compared in constant time cannot be measured
// reliably; this sees to it that nothing else looks for one.
func TestComparison(t *testing.T) {
	source, err := os.ReadFile("tokens.go")
	if err != nil {
		t.Fatal(err)
	}
	begin := strings.Index(string(source), ") Find(")
	find := string(source)[begin : begin+strings.Index(string(source)[begin:], "\n}\n")]
	if !strings.Contains(find, "at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(list[i].sum[:], sum[:]), i, at)") {
		t.Error("Find does not compare hashes in constant time")
	}
	if m := regexp.MustCompile(`bearer ?[!=]=|sum ?[!=]=|Contains|Equal|break`).FindString(find); m != "" {
		t.Errorf("Find also compares by %q", m)
	}
}

func FuzzParseLine(f *testing.F) {
	for _, s := range []string{"alice:" + tokenA, tokenB, ":", "a:", "x y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		name, token, err := parseLine(line)
		if err != nil {
			if len(line) > 8 && strings.Contains(err.Error(), line) {
				t.Errorf("the error quotes the line: %v", err)
			}
			return
		}
		if whole := name + ":" + token; line != whole && (name != "" || line != token) || len(token) < LeastToken || strings.ContainsAny(token, " :\n") {
			t.Errorf("%q became %q and %q", line, name, token)
		}
	})
}
