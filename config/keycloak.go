package config

import (
	"net"
	"net/url"
	"slices"
	"time"
)

// Keycloak is whose events a source asks for.
type Keycloak struct {
	URL        string // with what is in front of /realms and /admin
	Realms     []string
	ClientID   string
	SecretFile string
	TokenRealm string   // where the client is; empty: each realm has its own
	Events     []string // user, admin
	CAFile     string
	Poll       time.Duration
}

// DefaultKeycloakPoll is how often a realm is asked.
const DefaultKeycloakPoll = 10 * time.Second

func (r *reader) keycloakSource(b *sourceBlock, s *Source) mapping {
	var body keycloakSourceBody
	r.decode(b.Body, b.Range, &body)
	k := &Keycloak{URL: r.text(body.URL, ""), Realms: r.texts(body.Realms), ClientID: r.text(body.ClientID, ""), SecretFile: r.file(body.ClientSecretFile), TokenRealm: r.text(body.TokenRealm, ""),
		Events: r.texts(body.Events), CAFile: r.file(body.CAFile), Poll: r.duration(body.Poll, DefaultKeycloakPoll)}
	s.Keycloak = k
	if given(body.URL) && !r.toldAt(body.URL.Range()) {
		u, err := url.Parse(k.URL)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
			r.wrong(body.URL.Range(), `write "https://sso.example", and what is in front of /realms`, "%q is not the address of a Keycloak", k.URL)
		case u.Scheme == "http" && !loopback(u.Hostname()):
			r.wrong(body.URL.Range(), "write https://, and ca_file if its certificate is of your own authority", "the secret would go to %s in the clear", u.Host)
		}
	}
	r.some(body.Realms, k.Realms, `write realms = ["shop"]`)
	if !given(body.Events) {
		k.Events = []string{"user", "admin"}
	}
	for _, kind := range k.Events {
		if !slices.Contains([]string{"user", "admin"}, kind) {
			r.wrong(body.Events.Range(), `write events = ["user", "admin"]`, "unknown kind of events %q", kind)
		}
	}
	r.some(body.Events, k.Events, `write events = ["user", "admin"]`)
	if given(body.Poll) && (k.Poll < time.Second || k.Poll > time.Hour) && !r.toldAt(body.Poll.Range()) {
		r.wrong(body.Poll.Range(), `choose between "1s" and "1h"`, "poll is out of range")
	}
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
