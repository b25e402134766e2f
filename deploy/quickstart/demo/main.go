// Command demo is what the quickstart audits: the gateway of a pretended cloud,
// and the people, programs and intruders who use it. Each request goes over real
// HTTP and leaves a line in an access log as nginx writes one with a JSON
// log_format; the agent tails that file like any other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// How the log is rotated: as logrotate does it, by renaming.
const (
	rotateBytes = 10 << 20
	rotateKeep  = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		var usage usageError
		if errors.As(err, &usage) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

type usageError string

func (e usageError) Error() string { return string(e) }

// run serves and calls the gateway until ctx ends. Both then end in order: the
// last request is answered, and its line is in the file.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(out)
	file := flags.String("log", "data/demo/access.log", "the access `file` that the gateway writes; rotated ones get .1, .2, .3")
	rate := flags.Float64("rate", 20, "requests per second; 0 = none but your own")
	listen := flags.String("listen", "127.0.0.1:0", "loopback `address` of the gateway; port 0 takes a free one")
	seed := flags.Uint64("seed", uint64(time.Now().UnixNano()), "of the choices: the same seed makes the same calls")
	probe := flags.String("ready", "", "do nothing but ask `URL`, and exit 0 if it answers 200: curl is not on every machine")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return usageError(err.Error())
	}
	if flags.NArg() > 0 {
		return usageError(fmt.Sprintf("%q is not a flag; see --help", flags.Arg(0)))
	}
	if !(*rate >= 0 && *rate <= 5000) {
		return usageError(fmt.Sprintf("--rate %v: between 0 and 5000 requests per second", *rate))
	}
	if *probe != "" {
		return ready(ctx, *probe)
	}
	log, err := openAccessLog(*file, rotateBytes, rotateKeep)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w; choose another with --listen", *listen, err), log.Close())
	}
	addr, ok := listener.Addr().(*net.TCPAddr)
	if !ok || !addr.IP.IsLoopback() {
		return errors.Join(usageError(fmt.Sprintf("--listen %s: the demo gateway has known passwords; only a loopback address will do", *listen)), listener.Close(), log.Close())
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	gateway := &gateway{
		log: log, now: time.Now, fail: fail, requests: rand.New(rand.NewPCG(*seed, 1)),
		next: newCloud(rand.New(rand.NewPCG(*seed, 2))).handler(),
	}
	server := &http.Server{Handler: gateway, ReadHeaderTimeout: 10 * time.Second}
	go func() { fail(server.Serve(listener)) }()
	fmt.Fprintf(out, "demo gateway: http://%s, access log %s\n", addr, *file)

	calls := newClient("http://"+addr.String(), rand.New(rand.NewPCG(*seed, 3)))
	calls.run(ctx, *rate)
	err = context.Cause(ctx)
	if errors.Is(err, context.Canceled) { // a signal: the end that was asked for
		err = nil
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(end), log.Close())
}

// ready is nil when the URL answers 200 now.
func ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return usageError(err.Error())
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, resp.Status, body)
	}
	return nil
}
