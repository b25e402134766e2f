package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
)

// LeastToken is how many characters a token of a named file has at least.
const LeastToken = 16

// maxTokenFile bounds what is read of a file of tokens.
const maxTokenFile = 1 << 20

// Tokens are those of a file, one a line. Empty lines mean nothing.
type Tokens struct {
	path  string
	named bool

	mu   sync.Mutex
	file watched
	list []token
}

// token is kept as a hash: neither its content nor its length shows in the time of a comparison.
type token struct {
	sum  [sha256.Size]byte
	name string
}

// NewTokens is a file each of whose lines is a token. It reads nothing yet.
func NewTokens(path string) *Tokens {
	return &Tokens{path: path, file: watched{paths: []string{path}}}
}

// NewNamedTokens is a file whose lines are tokens of LeastToken characters or more, or
// name:token; a line that begins with # means nothing. Others on the machine must not be able to read it.
func NewNamedTokens(path string) *Tokens {
	t := NewTokens(path)
	t.named = true
	return t
}

// Check reads the file, so that a wrong one is told at the start.
func (t *Tokens) Check() error {
	_, err := t.read()
	return err
}

// Find tells whether there is such a token, and its name, which may be empty. While
// the file cannot be read nobody is let in: a token may have been taken back.
func (t *Tokens) Find(bearer string) (name string, ok bool, err error) {
	list, err := t.read()
	if err != nil {
		return "", false, err
	}
	sum, at := sha256.Sum256([]byte(bearer)), -1
	for i := range list { // all of them, so that the time does not tell which
		at = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(list[i].sum[:], sum[:]), i, at)
	}
	if at < 0 {
		return "", false, nil
	}
	return list[at].name, true, nil
}

// Bearer is the token that a request brings.
func Bearer(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), strings.EqualFold(scheme, "Bearer")
}

func (t *Tokens) read() ([]token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed, err := t.file.changed()
	if err != nil {
		return nil, fmt.Errorf("token_file: %w", err)
	}
	if !changed {
		return t.list, nil
	}
	if t.list, err = t.load(); err != nil {
		t.file.forget()
		return nil, err
	}
	return t.list, nil
}

func (t *Tokens) load() ([]token, error) {
	info := t.file.seen[0]
	if t.named && info.Mode().Perm()&0o027 != 0 {
		return nil, fmt.Errorf("token_file %s can be read by others on this machine, or written by its group (mode %04o): chmod 600 it, or 640 for a group that may read it", t.path, info.Mode().Perm())
	}
	if info.Size() > maxTokenFile {
		return nil, fmt.Errorf("token_file %s has %d bytes: is it the right file?", t.path, info.Size())
	}
	text, err := os.ReadFile(t.path)
	if err != nil {
		return nil, fmt.Errorf("token_file: %w", err)
	}
	var list []token
	at := 0
	for line := range strings.Lines(string(text)) {
		at++
		line = strings.TrimSpace(line)
		if line == "" || t.named && line[0] == '#' {
			continue
		}
		next := token{}
		if t.named {
			if next.name, line, err = parseLine(line); err != nil {
				return nil, fmt.Errorf("token_file %s: line %d: %w", t.path, at, err)
			}
		}
		next.sum = sha256.Sum256([]byte(line))
		for _, other := range list {
			if t.named && other.sum == next.sum && other.name != next.name {
				return nil, fmt.Errorf("token_file %s: line %d has the token of %q under another name: give each its own", t.path, at, other.name)
			}
		}
		list = append(list, next)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("token_file %s: there is no token in it", t.path)
	}
	return list, nil
}

var (
	tokenName = regexp.MustCompile(`^[A-Za-z0-9_.@-]{1,64}$`)
	tokenText = regexp.MustCompile(`^[!-9;-~]+$`) // what is seen of ASCII, but for the colon
)

// parseLine reads [name:]token. Its errors never quote the line.
func parseLine(line string) (name, token string, err error) {
	name, token, found := strings.Cut(line, ":")
	if !found {
		name, token = "", line
	} else if !tokenName.MatchString(name) {
		return "", "", errors.New("what stands before the colon is not a name of letters, digits and . _ - @, at most 64")
	}
	if !tokenText.MatchString(token) {
		return "", "", errors.New("a token is one word of ASCII, without a colon")
	}
	if len(token) < LeastToken {
		return "", "", fmt.Errorf("a token has at least %d characters: `openssl rand -hex 32` makes one", LeastToken)
	}
	return name, token, nil
}
