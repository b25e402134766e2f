// Package post is what sinks have in common that post events over HTTP: a client
// whose certificates and secrets are in files that are read again, answers of
// bounded size, and what an answer means for the events of a request.
package post

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/actiontrail/actiontrail/internal/access"
)

// Receiver is who is posted to, and how one shows that one may.
type Receiver struct {
	URL          string            `json:"url"`
	TLS          access.Client     `json:"tls,omitzero"`
	TokenFile    string            `json:"token_file,omitempty"`    // sent as Authorization: Scheme TOKEN
	User         string            `json:"user,omitempty"`          // with PasswordFile, in the place of a token
	PasswordFile string            `json:"password_file,omitempty"` //
	Headers      map[string]string `json:"headers,omitempty"`       // further ones, the same each time; nothing secret
	Gzip         bool              `json:"gzip,omitempty"`          // bodies are compressed
}

// check tells what is wrong with it.
func (r *Receiver) check() (*url.URL, error) {
	u, err := url.Parse(r.URL)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Fragment != "":
		return nil, errors.New(`url is not the address of a receiver: write "https://receiver.example.com/path"`)
	case u.User != nil:
		return nil, fmt.Errorf("the address of %s holds a password: use token_file, or user and password_file", u.Host)
	case (r.User == "") != (r.PasswordFile == ""):
		return nil, errors.New("user needs a password_file, and password_file a user")
	case r.User != "" && r.TokenFile != "":
		return nil, errors.New("keep token_file, or user and password_file: a request has one of them")
	}
	return u, r.TLS.Check()
}

// prove sets what shows that one may, as its file says now. The secret is returned, so that it is shown nowhere.
func (r *Receiver) prove(h http.Header, scheme string) (secret string, err error) {
	switch {
	case r.TokenFile != "":
		if secret, err = access.Secret("token_file", r.TokenFile); err != nil {
			return "", err
		}
		if strings.ContainsFunc(secret, func(c rune) bool { return c < '!' || c > '~' }) {
			return "", fmt.Errorf("token_file %s: a token is one word of ASCII", r.TokenFile)
		}
		h.Set("Authorization", scheme+" "+secret)
	case r.User != "":
		if secret, err = access.Secret("password_file", r.PasswordFile); err != nil {
			return "", err
		}
		q := http.Request{Header: h}
		q.SetBasicAuth(r.User, secret)
	}
	return secret, nil
}
