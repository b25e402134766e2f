// Package notify tells receivers of each object that an archive was given: a POST
// with the facts of the object, signed, at least once and in the order of the
// seals. It reads the archive beside whoever writes it, so that a receiver that is
// dead holds back nobody; how far it is stands in a file of its own.
package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/actiontrail/actiontrail/aggregator/archive"
	"github.com/actiontrail/actiontrail/internal/backoff"
	"github.com/actiontrail/actiontrail/internal/durable"
)

const (
	// lookEvery is how often the archive is asked whether there is more.
	lookEvery = time.Second
	// patience is how long a receiver may take to answer.
	patience = 10 * time.Second
	// SignatureHeader holds t=SECONDS,v1=HEX: HMAC-SHA-256 with the secret of "SECONDS.BODY".
	SignatureHeader = "Actiontrail-Signature"
	// IDHeader holds what is the same each time an object is told of.
	IDHeader = "Actiontrail-Id"
)

// Archive is what is told of.
type Archive interface {
	Status() archive.Status
	// ReadSeal is fs.ErrNotExist when there is none of this number.
	ReadSeal(ctx context.Context, number uint64) (*archive.Seal, error)
	// HasObject tells whether the object has come into the bucket.
	HasObject(ctx context.Context, key string) (bool, error)
}

// Notice is the body of a notification.
type Notice struct {
	Version  int            `json:"version"` // 1
	Type     string         `json:"type"`    // ObjectDelivered
	Trail    string         `json:"trail"`
	Delivery string         `json:"delivery"`
	Target   string         `json:"target"`
	Seal     uint64         `json:"seal"`
	SealedAt time.Time      `json:"sealedAt"`
	Object   archive.Object `json:"object"`
}

// Webhook tells one receiver of the objects of one delivery.
type Webhook struct {
	Trail, Delivery, Target string
	Archive                 Archive
	URL                     string
	Secret                  func() ([]byte, error) // none: what is sent is not signed
	File                    string                 // keeps how far it is
	Client                  *http.Client
	Now                     func() time.Time
	Log                     *slog.Logger

	mu     sync.Mutex
	status Status
}

// Status tells how a receiver fares.
type Status struct {
	Sent      uint64 // since the process started
	Refused   uint64 // for good: they are not sent again
	LastSent  time.Time
	LastError string // "" when it went well
}

// Status is how it fares now.
func (w *Webhook) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

func (w *Webhook) note(change func(*Status)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.status)
}

// place is what comes next.
type place struct {
	Version int    `json:"version"`
	Seal    uint64 `json:"seal"`
	Object  int    `json:"object"`
}

// Run tells of what comes until ctx ends. The first time it begins behind the
// seals that are there.
func (w *Webhook) Run(ctx context.Context) {
	failed := func(err error) {
		w.note(func(s *Status) { s.LastError = err.Error() })
		w.Log.Warn("a receiver of notifications waits", "trail", w.Trail, "delivery", w.Delivery, "error", err)
	}
	var at place
	if backoff.Retry(ctx, failed, func() (err error) { at, err = w.begin(); return err }) != nil {
		return
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		more := false
		if backoff.Retry(ctx, failed, func() (err error) { at, more, err = w.step(ctx, at); return err }) != nil {
			return
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// begin reads how far it is.
func (w *Webhook) begin() (place, error) {
	data, err := os.ReadFile(w.File)
	if errors.Is(err, fs.ErrNotExist) {
		if err := durable.MkdirAll(filepath.Dir(w.File)); err != nil {
			return place{}, fmt.Errorf("keep how far notifications are: %w", err)
		}
		at := place{Version: 1, Seal: w.Archive.Status().LastSeal + 1}
		return at, w.keep(at)
	}
	var at place
	if err == nil {
		if err = json.Unmarshal(data, &at); err == nil && at.Version != 1 {
			err = fmt.Errorf("version %d is not known to this version of actiontrail", at.Version)
		}
	}
	if err != nil {
		return at, fmt.Errorf("how far notifications are, in %s: %w; remove it to begin behind what is there", w.File, err)
	}
	return at, nil
}

func (w *Webhook) keep(at place) error {
	data, err := json.Marshal(at)
	if err == nil {
		err = durable.WriteFile(w.File, append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep how far notifications are: %w", err)
	}
	return nil
}

// step tells of the next object, if it is there. More: there may be another one.
func (w *Webhook) step(ctx context.Context, at place) (next place, more bool, err error) {
	if at.Seal > w.Archive.Status().LastSeal {
		return at, false, nil
	}
	s, err := w.Archive.ReadSeal(ctx, at.Seal)
	if errors.Is(err, fs.ErrNotExist) {
		return at, false, nil
	} else if err != nil {
		return at, false, err
	}
	next = place{Version: 1, Seal: at.Seal + 1}
	if s.Amends == nil && at.Object < len(s.Objects) { // an amendment has nothing that is new
		o := s.Objects[at.Object]
		there, err := w.Archive.HasObject(ctx, o.Key)
		if err != nil || !there {
			return at, false, err
		}
		if err := w.send(ctx, Notice{1, "ObjectDelivered", w.Trail, w.Delivery, w.Target, s.Number, s.Time, o}); err != nil {
			return at, false, err
		}
		next = place{Version: 1, Seal: at.Seal, Object: at.Object + 1}
	}
	return next, true, w.keep(next)
}

// send tells of an object. nil: it was told, or the receiver will never take it.
func (w *Webhook) send(ctx context.Context, n Notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	id := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n%s", n.Trail, n.Delivery, n.Seal, n.Object.Key))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "actiontrail")
	r.Header.Set(IDHeader, hex.EncodeToString(id[:16]))
	secret, err := w.Secret()
	if err != nil {
		return err
	}
	if len(secret) > 0 {
		r.Header.Set(SignatureHeader, Sign(secret, w.Now(), body))
	}
	answer, err := w.Client.Do(r)
	if err != nil {
		return fmt.Errorf("notify %s: %w", r.URL.Host, errors.Unwrap(err)) // without the address, which may hold a secret
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)); err != nil {
		return fmt.Errorf("notify %s: %w", r.URL.Host, err)
	}
	switch code := answer.StatusCode; {
	case code >= 200 && code < 300:
		w.note(func(s *Status) { s.Sent++; s.LastSent, s.LastError = w.Now(), "" })
		return nil
	case forGood(code):
		w.note(func(s *Status) {
			s.Refused++
			s.LastError = fmt.Sprintf("%s refused object %s: %s", r.URL.Host, n.Object.Key, answer.Status)
		})
		w.Log.Error("a receiver refuses a notification for good", "trail", w.Trail, "delivery", w.Delivery, "object", n.Object.Key, "status", answer.Status)
		return nil
	}
	return fmt.Errorf("notify %s: it answers %s", r.URL.Host, answer.Status)
}

// forGood tells whether a receiver that answers so would never take the same again.
func forGood(code int) bool {
	switch code {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// Sign is the value of SignatureHeader for a body.
func Sign(secret []byte, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(seconds + "."))
	h.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(h.Sum(nil))
}

// NewClient is a client that goes nowhere else than it was told to.
func NewClient() *http.Client {
	return &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
