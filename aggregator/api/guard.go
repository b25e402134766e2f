package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// contentSecurityPolicy lets the page load what this server serves and nothing else, no inline script, no frame around it.
const contentSecurityPolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"

// hardened sets the headers that every answer has, and refuses calls under a name that is not ours.
func (h *handlers) hardened(next http.Handler) http.Handler {
	misdirected := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, Problem{Type: problemHost, Title: "Unknown host name", Status: http.StatusMisdirectedRequest,
			Detail: "without a token this server answers only under localhost or its address",
			Hint:   "call it by its address, or give it a token"})
	}))
	auditedMisdirected := h.audited(unknownOperation, misdirected)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", contentSecurityPolicy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		if h.Token == "" && !h.ownHost(r.Host) {
			if strings.HasPrefix(r.URL.Path, "/api/") {
				auditedMisdirected.ServeHTTP(w, r)
			} else {
				misdirected.ServeHTTP(w, r)
			}
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownHost tells whether a Host header can come from a browser that means this
// server: a foreign page can make any name point here, but not an address.
func (h *handlers) ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return strings.EqualFold(host, "localhost") || slices.ContainsFunc(h.Hosts, func(s string) bool { return strings.EqualFold(s, host) })
}

// authenticated asks for the token.
func (h *handlers) authenticated(next http.Handler) http.Handler {
	if h.Token == "" {
		return next
	}
	want := sha256.Sum256([]byte(h.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(strings.TrimSpace(token))) // hashed, so that neither content nor length shows in the time
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="actiontrail"`)
			writeProblem(w, Problem{Type: problemToken, Title: "A token is needed", Status: http.StatusUnauthorized,
				Detail: "the call has no bearer token, or not the right one", Hint: "send Authorization: Bearer TOKEN; clients take --token-file"})
			return
		}
		if a, ok := w.(*answer); ok {
			a.authenticated = true
		}
		next.ServeHTTP(w, r)
	})
}
