// Package reach is what sinks need to reach a receiver elsewhere: certificates and
// secrets in files, which are read again so that renewed ones hold without a
// restart, and texts of others cut and cleaned so that they can be shown.
package reach

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"
)

// TLS names files in PEM. Each may be empty; Cert and Key belong together.
type TLS struct {
	CA   string `json:"ca_file,omitempty"`   // authorities of the receiver; "": those of the system
	Cert string `json:"cert_file,omitempty"` // what this server shows
	Key  string `json:"key_file,omitempty"`
}

// Config reads the files as they are now.
func (t TLS) Config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("ca_file %s: there is no certificate in it", t.CA)
		}
	}
	if t.Cert == "" && t.Key == "" {
		return c, nil
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("cert_file %s with key_file %s: %w", t.Cert, t.Key, err)
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}

// Files are those that are named.
func (t TLS) Files() []string {
	var all []string
	for _, f := range []string{t.CA, t.Cert, t.Key} {
		if f != "" {
			all = append(all, f)
		}
	}
	return all
}

// maxSecret bounds what is read of a file that holds one.
const maxSecret = 64 << 10

// Secret reads a file that holds one secret and nothing else. White space around it is no part of it.
func Secret(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	s := strings.TrimSpace(string(text))
	switch {
	case len(text) > maxSecret:
		return "", fmt.Errorf("%s has more than %d bytes: is it the right file?", file, maxSecret)
	case s == "":
		return "", errors.New(file + " is empty: write the secret into it")
	case strings.ContainsAny(s, "\r\n"):
		return "", errors.New(file + " has more than one line: it must hold the secret alone")
	}
	return s, nil
}

// mostShown is how many bytes of a text of others are shown.
const mostShown = 300

// Shown is what a receiver said, for people: one line, cut, without control
// characters, and without the secrets that it may have sent back.
func Shown(text string, secrets ...string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "…")
		}
	}
	cut := len(text) > mostShown
	if cut {
		end := mostShown
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end]
	}
	text = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return ' '
		}
		return r
	}, text)), " ")
	if cut {
		text += "…"
	}
	return text
}
