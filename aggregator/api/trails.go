package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// TrailCalls is what can be done to trails. An error that is a Problem is answered as it is.
type TrailCalls interface {
	// StartTrail and StopTrail return when that is durable.
	StartTrail(ctx context.Context, name string) error
	StopTrail(ctx context.Context, name string) error
	// RenotifyTrail has receivers be told again of what they refused.
	RenotifyTrail(ctx context.Context, name string) error
	// BackfillTrail returns when what is asked for is kept.
	BackfillTrail(ctx context.Context, name string, wanted BackfillRequest) error
	// PlanTrails changes nothing.
	PlanTrails(ctx context.Context, wanted PlanRequest) (Plan, error)
	// TrailText is the block of a trail as a configuration has it.
	TrailText(ctx context.Context, name string) (string, error)
	// PutTrail makes a trail of a text, or of JSON, and returns its name once it runs. Without
	// a name it has that of the text, and must not be there.
	PutTrail(ctx context.Context, name string, text []byte, asJSON bool) (string, error)
	DeleteTrail(ctx context.Context, name string) error
	// VerifyTrail begins to check the archives of a trail; Verifications are the last checks of them.
	VerifyTrail(ctx context.Context, name string) error
	Verifications(ctx context.Context, name string) ([]Verification, error)
}

// NoTrail is the problem with a name that no trail has.
func NoTrail(name string, names []string) Problem {
	hint := "there are no trails"
	if len(names) > 0 {
		hint = "there are " + strings.Join(names, ", ")
	}
	return Problem{Type: problemNotFound, Title: "Not found", Status: http.StatusNotFound, Parameter: "name",
		Detail: "there is no trail " + strconv.Quote(cut(name)), Hint: hint}
}

// StartTrail has a trail deliver again.
func (h *handlers) StartTrail(w http.ResponseWriter, r *http.Request, name TrailName) {
	h.changeTrail(w, r, name, TrailCalls.StartTrail)
}

// StopTrail has a trail deliver nothing from now on.
func (h *handlers) StopTrail(w http.ResponseWriter, r *http.Request, name TrailName) {
	h.changeTrail(w, r, name, TrailCalls.StopTrail)
}

// RenotifyTrail tells receivers again of what they refused.
func (h *handlers) RenotifyTrail(w http.ResponseWriter, r *http.Request, name TrailName) {
	h.changeTrail(w, r, name, TrailCalls.RenotifyTrail)
}

// BackfillTrail asks for the events of a time.
func (h *handlers) BackfillTrail(w http.ResponseWriter, r *http.Request, name TrailName) {
	var wanted BackfillRequest
	err := h.trailsCanChange(r)
	if err == nil {
		err = readJSON(r, maxTrailBody, &wanted)
	}
	if err == nil {
		err = h.TrailCalls.BackfillTrail(r.Context(), name, wanted)
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	h.answerTrail(w, r, name)
}

// PlanTrails tells what trails would deliver.
func (h *handlers) PlanTrails(w http.ResponseWriter, r *http.Request) {
	var wanted PlanRequest
	err := h.trailsCanChange(r)
	if err == nil {
		err = readJSON(r, maxTrailBody, &wanted)
	}
	var plan Plan
	if err == nil {
		plan, err = h.TrailCalls.PlanTrails(r.Context(), wanted)
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	plan.Trails, plan.Incomplete = notNil(plan.Trails), notNil(plan.Incomplete)
	for i := range plan.Trails {
		t := &plan.Trails[i]
		t.Deliver, t.Sample, t.ByDay = notNil(t.Deliver), notNil(t.Sample), notNil(t.ByDay)
	}
	writeJSON(w, http.StatusOK, "application/json", plan)
}

// CreateTrail makes a trail that is not there.
func (h *handlers) CreateTrail(w http.ResponseWriter, r *http.Request) { h.putTrail(w, r, "") }

// PutTrail makes a trail, or changes it.
func (h *handlers) PutTrail(w http.ResponseWriter, r *http.Request, name TrailName) {
	h.putTrail(w, r, name)
}

func (h *handlers) putTrail(w http.ResponseWriter, r *http.Request, name string) {
	err := h.trailsCanChange(r, "application/hcl")
	var text []byte
	if err == nil {
		text, err = readBody(r, maxTrailBody)
	}
	if err == nil {
		name, err = h.TrailCalls.PutTrail(r.Context(), name, text, sentAs(r, "application/json") == nil)
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	h.answerTrail(w, r, name)
}

// DeleteTrail takes a trail away, and answers how it was.
func (h *handlers) DeleteTrail(w http.ResponseWriter, r *http.Request, name TrailName) {
	err := h.trailsCanChange(r)
	before := h.trails(r.Context())
	if err == nil {
		err = h.TrailCalls.DeleteTrail(r.Context(), name)
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	for _, t := range before {
		if t.Name == name {
			writeJSON(w, http.StatusOK, "application/json", t)
			return
		}
	}
	h.answerTrail(w, r, name) // it came and went meanwhile
}

// GetTrail answers one trail.
func (h *handlers) GetTrail(w http.ResponseWriter, r *http.Request, name TrailName, params GetTrailParams) {
	switch params.Format {
	case "", GetTrailParamsFormatJson:
		h.answerTrail(w, r, name)
		return
	case GetTrailParamsFormatHcl:
	default:
		h.fail(w, r, "", problemParameter("format", "there is no such form", "use json or hcl"))
		return
	}
	if h.TrailCalls == nil {
		h.fail(w, r, "", Problem{Type: problemNotFound, Title: "Trails have no text here", Status: http.StatusNotImplemented})
		return
	}
	text, err := h.TrailCalls.TrailText(r.Context(), name)
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	writeBody(w, http.StatusOK, "application/hcl", []byte(text+"\n"))
}

func (h *handlers) answerTrail(w http.ResponseWriter, r *http.Request, name string) {
	var names []string
	for _, t := range h.trails(r.Context()) {
		if t.Name == name {
			writeJSON(w, http.StatusOK, "application/json", t)
			return
		}
		names = append(names, t.Name)
	}
	writeProblem(w, NoTrail(name, names))
}

// maxTrailBody is how many bytes a body with trails may have.
const maxTrailBody = 1 << 20

// readJSON reads the body of a call.
func readJSON(r *http.Request, most int64, v any) error {
	body, err := readBody(r, most)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return problemParameter("body", "it is not what this call takes: "+err.Error(), "openapi.yaml has its form")
	}
	return nil
}

func readBody(r *http.Request, most int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return nil, problemParameter("body", "it could not be read to its end", "")
	}
	if int64(len(body)) > most {
		return nil, Problem{Type: problemInvalid, Title: "The body is too large", Status: http.StatusRequestEntityTooLarge, Parameter: "body", Detail: fmt.Sprintf("it has more than %d bytes", most)}
	}
	return body, nil
}

// TrailConflict is the problem with a trail that cannot be changed in this way.
func TrailConflict(detail, hint string) Problem {
	return Problem{Type: problemInvalid, Title: "The trail cannot be changed so", Status: http.StatusConflict, Parameter: "name", Detail: detail, Hint: hint}
}

// Standby is the problem with what the leader alone does, and this server does not lead.
func Standby(leader string) Problem {
	hint := "ask it there"
	if leader == "" {
		leader, hint = "nobody", "try again soon"
	}
	return Problem{Type: problemStandby, Title: "This server stands by", Status: http.StatusServiceUnavailable, Detail: leader + " leads", Hint: hint}
}

// WrongTrail is the problem with what a trail is to be.
func WrongTrail(parameter, detail, hint string) Problem {
	return problemParameter(parameter, detail, hint)
}

// changeTrail does something to a trail and answers how it is then.
func (h *handlers) changeTrail(w http.ResponseWriter, r *http.Request, name string, change func(TrailCalls, context.Context, string) error) {
	err := h.trailsCanChange(r)
	if err == nil {
		err = change(h.TrailCalls, r.Context(), name)
	}
	if err != nil {
		h.fail(w, r, "", err)
		return
	}
	h.answerTrail(w, r, name)
}

// trailsCanChange refuses calls that a page of another site could make: it can
// send text without asking first, but not JSON.
func (h *handlers) trailsCanChange(r *http.Request, also ...string) error {
	if h.TrailCalls == nil {
		return Problem{Type: problemNotFound, Title: "Trails cannot be changed", Status: http.StatusNotImplemented}
	}
	return sentAs(r, append(also, "application/json")...)
}

// sentAs refuses a call with another media type.
func sentAs(r *http.Request, types ...string) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil {
		for _, t := range types {
			if t == media {
				return nil
			}
		}
	}
	return Problem{Type: problemInvalid, Title: "Unsupported media type", Status: http.StatusUnsupportedMediaType, Detail: fmt.Sprintf("this call is sent as %s", strings.Join(types, " or "))}
}
