package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
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

// Variables of the environment that stand for flags that are not given.
const (
	serverVariable = "ACTIONTRAIL_SERVER"
	tokenVariable  = "ACTIONTRAIL_TOKEN_FILE"
	caVariable     = "ACTIONTRAIL_CA_FILE"
)

// clientFlags are the flags of every command that asks a server.
type clientFlags struct {
	server            string
	tokenFile         string
	caFile            string
	certFile, keyFile string
	output            string
	color             string
}

// registerServer adds the flags that say whom to ask, and as whom.
func (f *clientFlags) registerServer(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "address of the server, https:// if it has a certificate (default $"+serverVariable+", else "+DefaultServer+")")
	flags.StringVar(&f.tokenFile, "token-file", "", "file that holds a token of the server (default $"+tokenVariable+")")
	flags.StringVar(&f.caFile, "ca-file", "", "certificate of the authority that signed the server's; else those of this machine are believed (default $"+caVariable+")")
	flags.StringVar(&f.certFile, "cert-file", "", "own certificate, for a server that wants one")
	flags.StringVar(&f.keyFile, "key-file", "", "key of the own certificate")
}

// register adds all flags; outputs are the forms that the command can print, the first one is the default.
func (f *clientFlags) register(cmd *cobra.Command, outputs ...string) {
	f.registerServer(cmd)
	cmd.Flags().StringVar(&f.color, "color", colors[0], "when to print in colours: "+strings.Join(colors, ", "))
	_ = cmd.RegisterFlagCompletionFunc("color", cobra.FixedCompletions(colors, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that is not there
	registerOutput(cmd, &f.output, outputs...)
	form := cmd.PreRunE
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(colors, f.color) {
			return usageError("--color %s: choose one of %s", f.color, strings.Join(colors, ", "))
		}
		return form(cmd, args)
	}
}

// screen is the standard output of a command.
func (f *clientFlags) screen(cmd *cobra.Command) screen {
	return newScreen(cmd.OutOrStdout()).colored(f.color)
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
	server    string
	tokenFile string // empty: it brings none
	*api.Client
}

// dial makes the client; it does not connect yet.
func (f *clientFlags) dial() (*client, error) {
	c := &client{server: cmp.Or(f.server, os.Getenv(serverVariable), DefaultServer), tokenFile: cmp.Or(f.tokenFile, os.Getenv(tokenVariable))}
	u, err := url.Parse(c.server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usageError("--server %q is not an address such as %s", c.server, DefaultServer)
	}
	token := ""
	if c.tokenFile != "" {
		if token, err = readToken(c.tokenFile); err != nil {
			return nil, err
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	if transport.TLSClientConfig, err = f.tls(); err != nil {
		return nil, err
	}
	c.Client, err = api.NewClient(c.server, api.WithHTTPClient(&http.Client{Transport: transport}),
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
	return c, nil
}

// readToken reads the one token of a file, with or without its name.
func readToken(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", usageError("read the token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if i := strings.LastIndexByte(token, ':'); i >= 0 {
		token = token[i+1:]
	}
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", usageError("--token-file %s does not hold one token", path)
	}
	return token, nil
}

// tls is how the client looks at certificates. They are read once: no command runs for as long as they are good.
func (f *clientFlags) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if path := cmp.Or(f.caFile, os.Getenv(caVariable)); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, usageError("read the certificate of the authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, usageError("--ca-file %s holds no certificate in PEM", path)
		}
	}
	if f.certFile == "" && f.keyFile == "" {
		return config, nil
	}
	if f.certFile == "" || f.keyFile == "" {
		return nil, usageError("--cert-file and --key-file belong together")
	}
	pair, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
	if err != nil {
		return nil, usageError("own certificate %s with key %s: %w", f.certFile, f.keyFile, err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// accept asks for a media type.
func accept(media string) api.RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("Accept", media)
		return nil
	}
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
