package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// exportPage is how many events of a stream are asked for at once, fewer when they are large.
const (
	exportPage      = 1000
	exportPageBytes = 8 << 20
)

// exportStall is how long a client may take to accept one page of a stream.
const exportStall = time.Minute

// Headers of an export. The first three come before the events, the others as trailers.
const (
	headerTotal      = "Actiontrail-Total"
	headerFrom       = "Actiontrail-From"
	headerTo         = "Actiontrail-To"
	headerEvents     = "Actiontrail-Events"
	headerIncomplete = "Actiontrail-Incomplete"
)

// export is a stream of events.
type export struct {
	search
	format exportFormat
	gzip   bool // a gzip file, not compressed on the way
	count  bool // tell the total first
	named  bool // the answer is a file
}

// ExportEvents streams all events of a search.
func (h *handlers) ExportEvents(w http.ResponseWriter, r *http.Request, params ExportEventsParams) {
	s, err := h.parseSearch(searchText{query: params.Query, from: params.From, to: params.To, sort: string(params.Sort), fields: params.Fields}, params.Limit)
	if err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	x := &export{search: s, gzip: params.Gzip, count: params.Count == nil || *params.Count, named: true}
	if x.format, err = parseFormat(params.Format); err != nil {
		h.fail(w, r, params.Query, err)
		return
	}
	if x.fields != nil && !x.format.parts {
		h.fail(w, r, params.Query, problemParameter("fields", "a record of "+x.format.name+" is whole", "leave fields out, or choose ndjson, json or csv"))
		return
	}
	h.export(w, r, x)
}

// export streams the events page by page. The first page is asked for before
// the answer begins, so that a mistake in the search is still a problem; a
// failure after that breaks the connection off.
func (h *handlers) export(w http.ResponseWriter, r *http.Request, x *export) {
	if !r.ProtoAtLeast(1, 1) {
		// Without chunks a stream that is broken off looks like a whole one.
		writeProblem(w, Problem{Type: problemProtocol, Title: "HTTP/1.1 is needed", Status: http.StatusHTTPVersionNotSupported,
			Detail: "over HTTP/1.0 nobody could tell that a stream of events is not whole", Hint: "of a proxy in between, set the protocol to 1.1 (nginx: proxy_http_version 1.1)"})
		return
	}
	if err := h.exports.enter(); err != nil {
		h.fail(w, r, x.text, err)
		return
	}
	defer h.exports.leave()
	total := -1
	if x.count {
		page, err := h.page(r.Context(), x.Query, h.patience) // Limit is 0
		if err != nil {
			h.fail(w, r, x.text, err)
			return
		}
		total = page.Total
		if x.limit != nil {
			total = min(total, *x.limit)
		}
	}
	left := -1
	if x.limit != nil {
		left = *x.limit
	}
	x.NoTotal = true
	most, sent := exportPage, 0
	var incomplete Incomplete
	var out *exportWriter
	deadline := http.NewResponseController(w)
	defer func() { _ = deadline.SetWriteDeadline(time.Time{}) }() // the connection may serve more calls
	for out == nil || left != 0 && x.After != "" {
		x.Limit = most
		if left >= 0 {
			x.Limit = min(left, most)
		}
		patience := h.patience
		if out != nil {
			patience = 0 // a stream that has begun waits as long as it takes
		}
		page, err := h.page(r.Context(), x.Query, patience)
		if err != nil && out == nil {
			h.fail(w, r, x.text, err)
			return
		}
		if err != nil {
			h.breakOff(w, r, h.problemOf(r, x.text, err), err)
		}
		if out == nil {
			out = x.begin(w, r, total)
		}
		if r.Method == http.MethodHead {
			return
		}
		// Not all connections have a deadline (a test's recorder has none); then the server's own timeouts hold.
		_ = deadline.SetWriteDeadline(time.Now().Add(exportStall))
		size, err := out.page(page.Events)
		if errors.Is(err, errStored) {
			h.breakOff(w, r, internalProblem, err)
		} else if err != nil {
			h.breakOff(w, r, clientGone, err)
		}
		handedOut(w, len(page.Events))
		sent += len(page.Events)
		if left >= 0 {
			left -= len(page.Events)
		}
		addMissing(&incomplete, page.Incomplete)
		if most = exportPage; size > exportPageBytes {
			most = max(1, len(page.Events)*exportPageBytes/size)
		}
		if x.After = page.Next; x.Limit == 0 {
			break
		}
	}
	if err := out.end(); err != nil {
		h.breakOff(w, r, clientGone, err)
	}
	w.Header().Set(headerEvents, strconv.Itoa(sent))
	if len(incomplete) > 0 {
		w.Header().Set(headerIncomplete, headerText(strings.Join(incomplete, "; ")))
	}
}

// headerText is what a header can hold of a text.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, cut(s))
}

// breakOff ends a stream so that the client notices. It does not return.
func (h *handlers) breakOff(w http.ResponseWriter, r *http.Request, p Problem, err error) {
	p.noteIn(w)
	if p.Status != statusClientGone {
		h.log.ErrorContext(r.Context(), "a stream of events was broken off", "request", requestID(w), "error", err)
	}
	panic(http.ErrAbortHandler)
}

// begin sends the headers.
func (x *export) begin(w http.ResponseWriter, r *http.Request, total int) *exportWriter {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", x.format.media)
	header.Set("Trailer", headerEvents+", "+headerIncomplete)
	header.Set(headerFrom, x.From.Format(time.RFC3339Nano))
	header.Set(headerTo, x.To.Format(time.RFC3339Nano))
	if total >= 0 {
		header.Set(headerTotal, strconv.Itoa(total))
	}
	name := "events." + x.format.extension
	zip := x.gzip
	if x.gzip {
		name += ".gz"
		header.Set("Content-Type", "application/gzip")
	} else if header.Add("Vary", "Accept-Encoding"); acceptsGzip(r) {
		zip = true
		header.Set("Content-Encoding", "gzip")
	}
	if x.named || x.format.name == formatCSV.name {
		header.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	w.WriteHeader(http.StatusOK)
	return newExportWriter(w, x, zip)
}

// acceptsGzip tells whether the client takes a compressed answer.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, weight, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q, given := strings.CutPrefix(strings.TrimSpace(weight), "q=")
			n, err := strconv.ParseFloat(q, 64)
			return !given || err == nil && n > 0
		}
	}
	return false
}
