package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"

	"github.com/actiontrail/actiontrail/aggregator"
)

// CreateLink keeps an address of the console under a short name.
func (h *handlers) CreateLink(w http.ResponseWriter, r *http.Request) {
	if h.Links == nil {
		writeProblem(w, Problem{Type: problemNotFound, Title: "Links cannot be kept", Status: http.StatusNotImplemented})
		return
	}
	var asked LinkRequest
	err := sentAs(r, "application/json") // which a page of another site cannot send without asking
	if err == nil {
		err = readJSON(r, 2*aggregator.MaxLinkAddress, &asked)
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	if err := aggregator.CheckLinkAddress(asked.Address); err != nil {
		h.fail(w, r, "", problemParameter("address", err.Error(), "send path and query as the browser shows them, percent-encoded"))
		return
	}
	switch link, err := h.Links.Put(asked.Address, h.now()); {
	case errors.Is(err, aggregator.ErrTooManyLinks):
		h.fail(w, r, "", Problem{Type: problemInvalid, Title: "Too many links", Status: http.StatusConflict, Parameter: "address",
			Detail: fmt.Sprintf("there are %d already", aggregator.MaxLinks), Hint: "send the whole address; files of the server's links folder that nobody needs can be deleted"})
	case err != nil:
		h.fail(w, r, "", err)
	default:
		writeJSON(w, http.StatusOK, "application/json", answerLink(link))
	}
}

// GetLink answers what a short link stands for.
func (h *handlers) GetLink(w http.ResponseWriter, r *http.Request, name LinkName) {
	link, err := aggregator.Link{}, error(fs.ErrNotExist)
	if h.Links != nil {
		link, err = h.Links.Get(name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		writeProblem(w, Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Parameter: "name",
			Detail: "there is no short link " + strconv.Quote(cut(name)), Hint: "each server keeps its own; ask the one that made it"})
	case err != nil:
		h.fail(w, r, "", err)
	default:
		writeJSON(w, http.StatusOK, "application/json", answerLink(link))
	}
}

func answerLink(l aggregator.Link) Link {
	return Link{Name: l.Name, Address: l.Address, CreatedAt: l.CreatedAt}
}
