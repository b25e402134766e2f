package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/archive/transparency"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// HTTPS is a place that is reached by POST. With a key it is a witness that speaks
// C2SP tlog-witness: it checks that the log only grows, and cosigns. Without one it
// is given the signed note, and what it does with it is its matter. What it has is
// remembered in a file here: neither tells it.
type HTTPS struct {
	URL    string // with Key the submission prefix
	Key    string // public, as a vkey; "": it does not cosign
	Token  func() (string, error)
	Sign   func(body []byte) (header, value string, err error) // value "": it is not signed
	File   string
	Client *http.Client
}

// Newest is what it took last, with its cosignature.
func (h *HTTPS) Newest(context.Context, string) ([]byte, error) {
	note, err := os.ReadFile(h.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return note, err
}

// Keep posts the checkpoint.
func (h *HTTPS) Keep(ctx context.Context, s Step) ([]byte, error) {
	note := s.Note
	if h.Key == "" {
		if _, _, err := h.post(ctx, h.URL, s.Note); err != nil {
			return nil, err
		}
	} else {
		lines, err := h.add(ctx, s)
		if err != nil {
			return nil, err
		}
		if note, _, err = transparency.AddCosignature(s.Note, lines, h.Key); err != nil {
			return nil, fmt.Errorf("its answer is no cosignature by %s: %w", h.Key, err)
		}
	}
	err := durable.MkdirAll(filepath.Dir(h.File))
	if err == nil {
		err = durable.WriteFile(h.File, note)
	}
	if err != nil {
		return nil, fmt.Errorf("keep what a witness has: %w", err)
	}
	return note, nil
}

// statusError is an answer that is no success.
type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string { return "it answers " + e.text }

// add is add-checkpoint of tlog-witness. The witness says from where it wants a
// proof, when that is not what is remembered here.
func (h *HTTPS) add(ctx context.Context, s Step) ([]byte, error) {
	for try := 0; ; try++ {
		proof, err := s.Prove(s.Old)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		fmt.Fprintf(&b, "old %d\n", s.Old)
		for _, x := range proof {
			b.WriteString(base64.StdEncoding.EncodeToString(x[:]) + "\n")
		}
		b.WriteString("\n")
		b.Write(s.Note)
		answer, body, err := h.post(ctx, strings.TrimSuffix(h.URL, "/")+"/add-checkpoint", b.Bytes())
		var refused *statusError
		if !errors.As(err, &refused) {
			return body, err
		}
		switch refused.code {
		case http.StatusConflict:
			size, e := strconv.ParseInt(strings.TrimSuffix(string(body), "\n"), 10, 64)
			switch {
			case e != nil && s.Old == s.Checkpoint.Size:
				return nil, &Conflict{Size: s.Old, Text: fmt.Sprintf("it cosigned another checkpoint over %d seals: seals were written anew", s.Old)}
			case e != nil || size < 0 || answer.Header.Get("Content-Type") != "text/x.tlog.size":
				return nil, fmt.Errorf("it answers %s without the size that it has", refused.text)
			case size > s.Checkpoint.Size:
				return nil, &Conflict{Size: size, Ahead: true, Text: fmt.Sprintf("it cosigned a checkpoint over %d seals, and the archive has %d: the end was cut off, or the archive was replaced by an older copy", size, s.Checkpoint.Size)}
			case size == s.Old && size == s.Checkpoint.Size:
				return nil, &Conflict{Size: size, Text: fmt.Sprintf("it cosigned another checkpoint over %d seals: seals were written anew", size)}
			case try > 0:
				return nil, err
			}
			s.Old = size
		case http.StatusUnprocessableEntity:
			return nil, &Conflict{Size: s.Old, Text: fmt.Sprintf("it cosigned a checkpoint over %d seals that are not those of the archive: seals were written anew", s.Old)}
		case http.StatusNotFound:
			return nil, fmt.Errorf("it does not know the log %s: give its operator the public key of the archive (keys archive)", s.Checkpoint.Origin)
		case http.StatusForbidden:
			return nil, fmt.Errorf("it does not trust the key of the archive: give its operator the public key (keys archive)")
		default:
			return nil, err
		}
	}
}

// post sends a body and gives the answer. Errors do not tell the address, which may hold a secret.
func (h *HTTPS) post(ctx context.Context, url string, body []byte) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, errors.New("its address cannot be used")
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	r.Header.Set("User-Agent", "actiontrail")
	token, err := h.Token()
	if err != nil {
		return nil, nil, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	name, value, err := h.Sign(body)
	if err != nil {
		return nil, nil, err
	}
	if value != "" {
		r.Header.Set(name, value)
	}
	answer, err := h.Client.Do(r)
	if err != nil {
		if e := errors.Unwrap(err); e != nil {
			err = e
		}
		return nil, nil, fmt.Errorf("reach %s: %w", r.URL.Host, err)
	}
	defer answer.Body.Close()
	data, err := readNote(answer.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("the answer of %s: %w", r.URL.Host, err)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return answer, data, &statusError{answer.StatusCode, answer.Status}
	}
	return answer, data, nil
}

// NewClient is a client that goes nowhere else than it was told to.
func NewClient() *http.Client {
	return &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
