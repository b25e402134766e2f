package config

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// PostTo is who events are posted to over HTTP. What is secret is in files, and in the address of a webhook.
type PostTo struct {
	URL          string
	TokenFile    string
	Username     string
	PasswordFile string // with Username
	Headers      map[string]string
	Gzip         bool
	TLS          TLS
}

// DefaultPostMaxBytes is what one request holds before compression.
const DefaultPostMaxBytes = 1 << 20

// postBody is what bodies have of that.
type postBody struct {
	url, token, username, password, headers, compression, insecure hcl.Expression
	tls                                                            []tlsBlock
}

// postTo reads who is posted to. compression is what holds when nothing is written. example is an address.
func (r *reader) postTo(b postBody, compression, example string) PostTo {
	to := PostTo{URL: strings.TrimSuffix(r.text(b.url, ""), "/"), TokenFile: r.file(b.token), Username: r.text(b.username, ""), PasswordFile: r.file(b.password), Headers: r.table(b.headers),
		Gzip: r.choice(b.compression, "compression", compression, "gzip", "none") == "gzip"}
	_, to.TLS = r.tls(b.tls)
	switch {
	case to.Username != "" && to.PasswordFile == "":
		r.wrong(b.username.Range(), `write the password into a file that only actiontrail can read, and password_file = "…"`, "the password of %s is missing", to.Username)
	case to.PasswordFile != "" && to.Username == "":
		r.wrong(b.password.Range(), `write username = "actiontrail" beside it`, "nobody says whose password this is")
	case to.Username != "" && to.TokenFile != "":
		r.wrong(b.token.Range(), "keep one of the two", "there is a token and a user")
	}
	for name := range to.Headers {
		if slices.Contains([]string{"Authorization", "Content-Type", "Content-Encoding", "Content-Length", "Host"}, http.CanonicalHeaderKey(name)) {
			r.wrong(b.headers.Range(), "leave it out; for Authorization there is token_file", "the header %s is set by what it is for", name)
		}
	}
	if !given(b.url) || r.toldAt(b.url.Range()) {
		return to
	}
	u, err := url.Parse(to.URL)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "", u.Fragment != "":
		r.wrong(b.url.Range(), `write "`+example+`"`, "it is not the address of a receiver")
	case u.User != nil:
		r.wrong(b.url.Range(), "use token_file, or username and password_file", "the address of %s holds a password", u.Host)
	case u.Scheme == "http" && !here(u.Hostname()) && !r.truth(b.insecure):
		r.wrong(b.url.Range(), "write https://, and tls { ca_file } if its certificate is of your own authority; or insecure = true, if the network is your own", "events would go to %s in the clear", u.Host)
	}
	return to
}

// place is the receiver without what may be secret in its address: a path is told by its hash.
func (t *PostTo) place() string {
	u, err := url.Parse(t.URL)
	if err != nil || u.Host == "" {
		return ""
	}
	host := u.Scheme + "://" + u.Host
	if rest := strings.TrimPrefix(t.URL, host); rest != "" {
		sum := sha256.Sum256([]byte(rest))
		return host + "/…" + hex.EncodeToString(sum[:4])
	}
	return host
}
