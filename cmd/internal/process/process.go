// Package process is what every long-running command has: its flags, its log,
// its hold on a data folder, and the exit code that an error means.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/durable"
)

// Exit codes.
const (
	ExitNo    = 1 // the answer is no: verify failed, nothing valid
	ExitUsage = 2 // usage, configuration, or no answer at all
)

// ExitError is an error with the exit code that it means. Its text is empty when
// all is said already.
type ExitError struct {
	Code int
	Err  error // may be nil
}

func (e *ExitError) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func (e *ExitError) Unwrap() error { return e.Err }

// UsageError is an error of the one who called.
func UsageError(format string, args ...any) error {
	return &ExitError{Code: ExitUsage, Err: fmt.Errorf(format, args...)}
}

// Run executes a command until it ends or the process is told to stop, and
// returns the exit code.
func Run(root *cobra.Command, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetArgs(args)
	understood := false
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	called, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintf(os.Stderr, "%s: %s\n", root.Name(), text)
	}
	if !understood {
		if !called.HasSubCommands() {
			fmt.Fprintf(os.Stderr, "usage: %s\n", called.UseLine())
		}
		fmt.Fprintf(os.Stderr, "`%s --help` tells more\n", called.CommandPath())
	}
	if exit := (*ExitError)(nil); errors.As(err, &exit) {
		return exit.Code
	}
	return ExitUsage
}

// Flags are those of the commands that run for long.
type Flags struct {
	Config    []string
	Data      string
	LogFormat string
}

// Register adds the flags.
func (f *Flags) Register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.Config, "config", nil, "configuration: a file, or a folder of *.hcl files; repeatable")
	cmd.Flags().StringVar(&f.Data, "data", "./data", "folder for all that is kept")
	cmd.Flags().StringVar(&f.LogFormat, "log-format", "text", "form of the log on standard error: text or json")
}

// Hand is what a long-running command starts with.
type Hand struct {
	Config *config.Config
	Paths  []string // that it was read from
	Stamp  string   // of its files, from before they were read
	Log    *slog.Logger
}

// Load reads the configuration and makes the log.
func (f *Flags) Load() (*Hand, error) {
	log, err := NewLog(os.Stderr, f.LogFormat)
	if err != nil {
		return nil, err
	}
	stamp, err := config.Stamp(f.Config...)
	if err != nil {
		return nil, UsageError("%w", err)
	}
	cfg, err := config.Load(f.Config...)
	if err != nil {
		if m := (*config.Mistakes)(nil); errors.As(err, &m) {
			return nil, UsageError("the configuration is wrong\n\n%w", err)
		}
		return nil, UsageError("%w", err)
	}
	return &Hand{cfg, f.Config, stamp, log}, nil
}

// NewLog is the log of a process.
func NewLog(out io.Writer, format string) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(out, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, options)), nil
	}
	return nil, UsageError("--log-format %s: there is no such form; choose text or json", format)
}

// Hold takes a folder below the data folder for this process. A second start on
// the same data would write over what the first one writes.
func Hold(data, part string) (*durable.Lock, error) {
	dir := filepath.Join(data, part)
	if err := durable.MkdirAll(dir); err != nil {
		return nil, UsageError("data folder: %w", err)
	}
	lock, err := durable.LockDir(dir)
	if errors.Is(err, durable.ErrLocked) {
		return nil, UsageError("another process runs on %s already: nothing was done; stop it, or give this one its own folder with --data", dir)
	} else if err != nil {
		return nil, UsageError("data folder: %w", err)
	}
	return lock, nil
}

// Loopback tells whether only this machine can call an address, which is host:port.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
