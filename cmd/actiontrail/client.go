package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/actiontrail/actiontrail/aggregator/api"
	"github.com/actiontrail/actiontrail/cmd/internal/process"
)

// DefaultServer is where clients look for the server.
const DefaultServer = "http://127.0.0.1:8320"

// exitNo is the exit code of a command whose answer is no, exitUsage that of all other failures.
const (
	exitNo    = process.ExitNo
	exitUsage = process.ExitUsage
)

type exitError = process.ExitError

func usageError(format string, args ...any) error { return process.UsageError(format, args...) }

// clientFlags are the flags of every command that asks a server.
type clientFlags struct {
	server    string
	tokenFile string
	output    string
}

// register adds the flags; outputs are the forms that the command can print, the first one is the default.
func (f *clientFlags) register(cmd *cobra.Command, outputs ...string) {
	cmd.Flags().StringVar(&f.server, "server", DefaultServer, "address of the server")
	cmd.Flags().StringVar(&f.tokenFile, "token-file", "", "file that holds the server's token")
	registerOutput(cmd, &f.output, outputs...)
}

func registerOutput(cmd *cobra.Command, output *string, outputs ...string) {
	cmd.Flags().StringVarP(output, "output", "o", outputs[0], "form of the output: "+strings.Join(outputs, ", "))
	check := func(*cobra.Command, []string) error {
		if !slices.Contains(outputs, *output) {
			return usageError("-o %s: there is no such form; choose one of %s", *output, strings.Join(outputs, ", "))
		}
		return nil
	}
	cmd.PreRunE = check
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(outputs, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
}

// client asks a server.
type client struct {
	server string
	*api.Client
}

// dial makes the client; it does not connect yet.
func (f *clientFlags) dial() (*client, error) {
	u, err := url.Parse(f.server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usageError("--server %q is not an address such as %s", f.server, DefaultServer)
	}
	token := ""
	if f.tokenFile != "" {
		b, err := os.ReadFile(f.tokenFile)
		if err != nil {
			return nil, usageError("read the token: %w", err)
		}
		if token = strings.TrimSpace(string(b)); token == "" || strings.ContainsAny(token, "\r\n") {
			return nil, usageError("--token-file %s does not hold one token", f.tokenFile)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	c, err := api.NewClient(f.server, api.WithHTTPClient(&http.Client{Transport: transport}),
		api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.Header.Set("User-Agent", "actiontrail-cli")
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			return nil
		}))
	if err != nil {
		return nil, usageError("%w", err)
	}
	return &client{server: f.server, Client: c}, nil
}

// accept asks for a media type.
func accept(media string) api.RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("Accept", media)
		return nil
	}
}

// check turns a failed call and a problem into an error that says what to do.
// When it returns nil, the body is the caller's to close.
func (c *client) check(r *http.Response, err error) error {
	if err != nil {
		return &exitError{Code: exitUsage, Err: c.unreachable(err)}
	}
	if r.StatusCode == http.StatusOK {
		return nil
	}
	defer r.Body.Close()
	var p api.Problem
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil || json.Unmarshal(body, &p) != nil || p.Title == "" {
		return usageError("%s answered %s, not as an actiontrail server does: does --server point at one?", c.server, r.Status)
	}
	if p.Status == http.StatusUnauthorized {
		return usageError("%s asks for a token, or for another one: give it with --token-file", c.server)
	}
	return &exitError{Code: exitUsage, Err: &serverProblem{c.server, p}}
}

// serverProblem is what a server says is wrong, made safe for a terminal.
type serverProblem struct {
	server string
	api.Problem
}

func (p *serverProblem) Error() string { return visible(p.server + ": " + p.Problem.Error()) }

// unreachable explains why there was no answer.
func (c *client) unreachable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which is said already, and the query
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("cannot reach %s: is `actiontrail server` running? If it listens elsewhere, say --server (%w)", c.server, op.Err)
	}
	return fmt.Errorf("no answer from %s: %w", c.server, err)
}

// decode reads a JSON answer and closes it.
func (c *client) decode(r *http.Response, err error, v any) error {
	if err := c.check(r, err); err != nil {
		return err
	}
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		return usageError("the answer of %s cannot be read: %w", c.server, err)
	}
	return nil
}
