package api

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// contentSecurityPolicy lets an answer that a browser shows by itself load nothing. Pages set their own.
const contentSecurityPolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

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
		if h.Tokens == nil && !h.ownHost(r.Host) {
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
