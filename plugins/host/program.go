package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Program says which program a plugin is, and how it is started.
type Program struct {
	Name     string        // of the source or sink, for its log
	Command  []string      // the program and its arguments
	SHA256   string        // of the program's file, in hex; empty: it is not checked
	Config   []byte        // the config block as a JSON object; nil: an empty one
	Patience time.Duration // for its start, and for each answer but to Read and Write; 0: DefaultPatience
	Log      *slog.Logger  // what it writes to its standard error goes here; nil: nowhere
}

// ChecksumError says that the file of a program is not the one that was meant. It was not started.
type ChecksumError struct{ File, Is, Want string }

func (e *ChecksumError) Error() string {
	return fmt.Sprintf("%s has the SHA-256 %s, and the configuration says sha256 = %q: it was not started; if the program was replaced on purpose, write its new sum", e.File, e.Is, e.Want)
}

func (p *Program) patience() time.Duration {
	if p.Patience > 0 {
		return p.Patience
	}
	return DefaultPatience
}

func (p *Program) log() *slog.Logger {
	if p.Log != nil {
		return p.Log
	}
	return slog.New(slog.DiscardHandler)
}

func (p *Program) config() []byte {
	if p.Config == nil {
		return []byte("{}")
	}
	return p.Config
}

// sum is the checksum that the file of the program must have, nil for any.
func (p *Program) sum() ([]byte, error) {
	if p.SHA256 == "" {
		return nil, nil
	}
	sum, err := hex.DecodeString(p.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("sha256 %q is not 64 hex digits", p.SHA256)
	}
	return sum, nil
}

// sumOf is the checksum of a file, in hex.
func sumOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// answer waits for one answer of a process, patiently. A process that does not answer
// hangs: for the caller it has gone, and is to be ended.
func answer[Q, A any](ctx context.Context, p *process, what string, call func(context.Context, Q) (A, error), q Q) (A, error) {
	own, stop := context.WithTimeout(ctx, p.program.patience())
	defer stop()
	a, err := call(own, q)
	if err == nil {
		return a, nil
	}
	if ctx.Err() != nil {
		return a, ctx.Err()
	}
	if code := status.Code(err); own.Err() != nil || code == codes.Canceled || code == codes.DeadlineExceeded { // the other side may see first that time is over
		return a, fmt.Errorf("%w: it did not answer %s within %s", errGone, what, p.program.patience())
	}
	return a, fmt.Errorf("%s: %w", what, plain(err))
}

// plain is an error of the plugin without what gRPC says around it.
func plain(err error) error {
	s, ok := status.FromError(err)
	switch {
	case !ok:
		return err
	case s.Code() == codes.Unimplemented:
		return errors.New("the plugin does not offer this: it is for something else, or for another version")
	case s.Code() == codes.Unavailable:
		return fmt.Errorf("%w: %s", errGone, s.Message())
	}
	return errors.New(s.Message())
}

// errGone says that a process has died, or that its connection has.
var errGone = errors.New("the plugin has gone")
