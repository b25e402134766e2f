package api

import "net/http"

// noPage answers for the pages of a server that has none.
func noPage(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeProblem(w, Problem{Type: problemMethod, Title: "Method not allowed", Status: http.StatusMethodNotAllowed, Detail: "outside the API all can only be read"})
		return
	}
	writeProblem(w, Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Detail: "there is nothing at " + cut(r.URL.Path)})
}
