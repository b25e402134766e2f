package api

import "net/http"

// noPage answers for the pages of a server that has none.
func noPage(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Detail: "there is nothing at " + cut(r.URL.Path)})
}
