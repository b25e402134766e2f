package api

import (
	"net/http"
	"strings"
)

// Tokens tell whose a bearer token is. Many goroutines ask at once.
type Tokens interface {
	// Find returns the name of the token's owner, which may be empty, and whether there is such a
	// token. After an error nobody is let in: a token may have been taken back.
	Find(token string) (name string, ok bool, err error)
}

// authenticated asks for a token.
func (h *handlers) authenticated(next http.Handler) http.Handler {
	if h.Tokens == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		name, ok, err := h.Tokens.Find(strings.TrimSpace(token))
		if err != nil {
			h.log.ErrorContext(r.Context(), "nobody can be let in", "request", requestID(w), "error", err)
			writeProblem(w, Problem{Type: problemNoTokens, Title: "The tokens cannot be read", Status: http.StatusServiceUnavailable,
				Detail: "so nobody can be let in", Hint: "the server's log says why"})
			return
		}
		if !ok || !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", `Bearer realm="actiontrail"`)
			writeProblem(w, Problem{Type: problemToken, Title: "A token is needed", Status: http.StatusUnauthorized,
				Detail: "the call has no bearer token, or not the right one", Hint: "send Authorization: Bearer TOKEN; clients take --token-file"})
			return
		}
		if a, ok := w.(*answer); ok {
			a.authenticated, a.token = true, name
		}
		next.ServeHTTP(w, r)
	})
}
