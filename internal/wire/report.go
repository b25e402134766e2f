package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/actiontrail/actiontrail/event"
)

// Limits of one report. What is larger is neither sent nor read.
const (
	MaxReport        = 1 << 20 // bytes
	MaxReportSources = 1000
	// maxReportText bounds the texts in it, in bytes: an error can be as long as a line of a log.
	maxReportText = 300
	// maxReportFormats bounds the dialects that one source is told to have.
	maxReportFormats = 32
	// MaxProposals bounds the routes that are proposed for one source,
	// maxProposalBytes those of all of a report, as they are written, and
	// leastProposalBytes is what a source can have of that while there is any.
	MaxProposals       = 20
	maxProposalBytes   = 256 << 10
	leastProposalBytes = 4 << 10
)

// reportMagic begins a report and is signed with it, so that no signature of a
// batch is ever one of a report.
const reportMagic = "ATR1"

const reportVersion = 1

// ErrNotReport: not a report, or not one that can be read. Nobody is known to have sent it.
var ErrNotReport = errors.New("not a report")

// Report is what an agent tells of itself now and then. It is status, not audit:
// it goes around the stream, and one that is lost is made up for by the next. All
// times are of the agent's clock; counts are those since its process began.
type Report struct {
	Account string         `json:"account"`
	Agent   string         `json:"agent"`
	Key     string         `json:"key"`    // public key, by which it is signed
	Run     uint64         `json:"run"`    // of the process: a later one has a larger number
	Number  uint64         `json:"number"` // from 1 in each run
	Time    time.Time      `json:"time"`
	Started time.Time      `json:"started"` // the process
	Program string         `json:"program"` // its version
	Stopped bool           `json:"stopped,omitempty"`
	Sources []SourceReport `json:"sources"`
}

// SourceReport tells of one source.
type SourceReport struct {
	Source     string             `json:"source"`
	Epoch      uint64             `json:"epoch"`
	LastBatch  uint64             `json:"lastBatch"`
	Events     uint64             `json:"events"`
	Published  uint64             `json:"published"` // events that the stream has acknowledged
	Ignored    uint64             `json:"ignored"`
	Unparsed   uint64             `json:"unparsed"`
	Unmapped   uint64             `json:"unmapped"`             // events that no route names
	Recognised []RecognisedReport `json:"recognised,omitempty"` // with format "auto": of which dialects its records were
	Mapper     string             `json:"mapper,omitempty"`     // name of its rules; empty: it has none
	Proposals  []ProposalReport   `json:"proposals,omitempty"`  // of what no route names, the most frequent first
	Proposed   int                `json:"proposed,omitempty"`   // how many there are in all
	Gaps       uint64             `json:"gaps"`                 // of the source itself: lines lost before they could be read
	LagBytes   int64              `json:"lagBytes"`             // not read yet
	Oldest     time.Time          `json:"oldest,omitzero"`      // no line that waits to be read or acknowledged is older; zero: none waits
	Spool      SpoolReport        `json:"spool"`
	LastSeen   time.Time          `json:"lastSeen,omitzero"` // when a record was last read
	Failing    bool               `json:"failing,omitempty"`
	LastError  string             `json:"lastError,omitempty"`
	ErrorTime  time.Time          `json:"errorTime,omitzero"` // zero: of a state that lasts, such as a folder that cannot be read
}

// RecognisedReport tells that records were found to be of a dialect, by the source's
// format "auto".
type RecognisedReport struct {
	Format  string `json:"format"`
	Why     string `json:"why"` // what it was known by, for people
	Records uint64 `json:"records"`
}

// ProposalReport is a route, or a request to be ignored, that is proposed for
// requests that no route names.
type ProposalReport struct {
	Pattern      string `json:"pattern"`
	Ignore       bool   `json:"ignore,omitempty"` // then the next five are empty
	Service      string `json:"service,omitempty"`
	Action       string `json:"action,omitempty"`
	RW           string `json:"rw,omitempty"` // empty: what the method says
	ResourceType string `json:"resourceType,omitempty"`
	ResourceName string `json:"resourceName,omitempty"` // a parameter of the pattern
	Count        uint64 `json:"count"`                  // of requests, about
	Example      string `json:"example"`                // the path of one of them, without secrets
}

// SpoolReport tells what waits in a source's spool.
type SpoolReport struct {
	Bytes    int64     `json:"bytes"`
	MaxBytes int64     `json:"maxBytes"`
	Batches  uint64    `json:"batches"`
	Oldest   time.Time `json:"oldest,omitzero"` // when the oldest of them was written
}

// versioned is a report as it travels.
type versioned struct {
	Version int `json:"version"`
	Report
}

// SealReport makes the message of a report: magic, JSON, and the signature over both.
func SealReport(r Report, s Signer) ([]byte, error) {
	r.Program = cutText(r.Program)
	sources := make([]SourceReport, len(r.Sources))
	for i, source := range r.Sources {
		source.LastError = cutText(source.LastError)
		sources[i] = source
	}
	if err := shareProposals(sources); err != nil {
		return nil, err
	}
	r.Sources = sources
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("report of %s/%s: %w", r.Account, r.Agent, err)
	}
	body, err := json.Marshal(versioned{reportVersion, r})
	if err != nil {
		return nil, err
	}
	msg := append([]byte(reportMagic), body...)
	sig, err := s.Sign(msg)
	if err != nil {
		return nil, err
	}
	if msg = append(msg, sig...); len(msg) > MaxReport {
		return nil, fmt.Errorf("report of %s/%s: %d bytes, %d are allowed", r.Account, r.Agent, len(msg), MaxReport)
	}
	return msg, nil
}

// shareProposals leaves out what a report has no room for, and what has a text that
// is too long. What clients ask for must not keep an agent from reporting.
func shareProposals(sources []SourceReport) error {
	having := 0
	for i := range sources {
		s := &sources[i]
		s.Proposals = slices.DeleteFunc(slices.Clone(s.Proposals), func(p ProposalReport) bool { return p.check() != nil })
		if len(s.Proposals) > 0 {
			having++
		}
	}
	left := maxProposalBytes
	for i := range sources {
		s := &sources[i]
		share := min(left, max(leastProposalBytes, maxProposalBytes/max(1, having)))
		for n, p := range s.Proposals {
			text, err := json.Marshal(p)
			if err != nil {
				return err
			}
			if share -= len(text); share < 0 {
				s.Proposals = s.Proposals[:n]
				break
			}
			left -= len(text)
		}
	}
	return nil
}

func (p *ProposalReport) check() error {
	for _, text := range [...]string{p.Pattern, p.Service, p.Action, p.RW, p.ResourceType, p.ResourceName, p.Example} {
		if len(text) > maxReportText {
			return fmt.Errorf("a text of %d bytes", len(text))
		}
	}
	if p.Pattern == "" || p.Count == 0 {
		return errors.New("no pattern or no count")
	}
	return nil
}

// OpenReport reads a report and checks that the holder of the key in it has
// signed it. Whether that key may speak for the agent, and whether the report is
// a new one, is the caller's to know. The error is ErrNotReport or ErrSignature.
// Members that it does not know are passed over: a newer agent may tell more.
func OpenReport(msg []byte) (Report, error) {
	if len(msg) > MaxReport || len(msg) < len(reportMagic)+sigLen || string(msg[:len(reportMagic)]) != reportMagic {
		return Report{}, fmt.Errorf("%w: %d bytes, which do not begin with %s or are too many", ErrNotReport, len(msg), reportMagic)
	}
	signed, sig := msg[:len(msg)-sigLen], msg[len(msg)-sigLen:]
	var v versioned
	if err := json.Unmarshal(signed[len(reportMagic):], &v); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrNotReport, err)
	}
	if v.Version != reportVersion {
		return Report{}, fmt.Errorf("%w: version %d, this actiontrail reads %d", ErrNotReport, v.Version, reportVersion)
	}
	if err := v.Report.check(); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrNotReport, err)
	}
	key, err := nkeys.FromPublicKey(v.Key)
	if err != nil {
		return Report{}, fmt.Errorf("%w: key of the agent: %w", ErrSignature, err)
	}
	if err := key.Verify(signed, sig); err != nil {
		return Report{}, fmt.Errorf("%w: report %d of %s/%s", ErrSignature, v.Number, v.Account, v.Agent)
	}
	return v.Report, nil
}

// check finds what no agent would say.
func (r *Report) check() error {
	switch {
	case !event.ValidName(r.Account) || !event.ValidName(r.Agent):
		return fmt.Errorf("%q/%q is not the name of an agent", r.Account, r.Agent)
	case r.Run == 0 || r.Number == 0 || r.Time.IsZero():
		return errors.New("it has no run, number or time")
	case len(r.Sources) > MaxReportSources:
		return fmt.Errorf("%d sources, %d are allowed", len(r.Sources), MaxReportSources)
	case len(r.Program) > maxReportText:
		return fmt.Errorf("a version of %d bytes", len(r.Program))
	}
	seen := make(map[string]bool, len(r.Sources))
	for _, s := range r.Sources {
		switch {
		case !event.ValidName(s.Source):
			return fmt.Errorf("%q is not the name of a source", s.Source)
		case seen[s.Source]:
			return fmt.Errorf("source %s is there twice", s.Source)
		case s.LagBytes < 0 || s.Spool.Bytes < 0 || s.Spool.MaxBytes < 0:
			return fmt.Errorf("source %s has fewer than no bytes", s.Source)
		case len(s.LastError) > maxReportText:
			return fmt.Errorf("source %s has an error of %d bytes", s.Source, len(s.LastError))
		case len(s.Recognised) > maxReportFormats:
			return fmt.Errorf("source %s has %d formats", s.Source, len(s.Recognised))
		case s.Mapper != "" && !event.ValidName(s.Mapper):
			return fmt.Errorf("source %s: %q is not the name of a mapper", s.Source, s.Mapper)
		case len(s.Proposals) > MaxProposals || s.Proposed < len(s.Proposals):
			return fmt.Errorf("source %s has %d proposals of %d", s.Source, len(s.Proposals), s.Proposed)
		}
		for _, p := range s.Proposals {
			if err := p.check(); err != nil {
				return fmt.Errorf("source %s has a proposal with %w", s.Source, err)
			}
		}
		for _, f := range s.Recognised {
			if f.Format == "" || len(f.Format) > maxReportText || len(f.Why) > maxReportText {
				return fmt.Errorf("source %s has a format without a name, or with one of too many bytes", s.Source)
			}
		}
		seen[s.Source] = true
	}
	return nil
}

// cutText is a text as UTF-8, and the begin of one that is too long.
func cutText(s string) string {
	const more = "…"
	s = event.Text(s)
	if len(s) <= maxReportText {
		return s
	}
	return strings.ToValidUTF8(s[:maxReportText-len(more)], "") + more
}
