package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"
)

// Hosts by which the cloud is called; the demo's requests carry them in Host.
const (
	apiHost     = "api.demo.example"
	consoleHost = "console.demo.example"
)

// call is one request to come.
type call struct {
	method, path string
	host         string // empty: apiHost
	from         string // address the load balancer saw
	agent        string
	key          string // API key
	session      string // user of a console session
	user         string // name and password of a sign-in
	password     string
}

// client makes the calls of everybody, one at a time, at the asked rate. What
// somebody does is a story: a few calls in order, mixed with those of others.
type client struct {
	url    string
	http   *http.Client
	random *rand.Rand
	open   []*story
	calls  int
}

// story yields the next call, given the answer to the one before; false ends it.
type story struct {
	next func(last []byte) (call, bool)
	last []byte
}

func newClient(url string, random *rand.Rand) *client {
	return &client{url: url, random: random, http: &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// run calls until ctx ends.
func (c *client) run(ctx context.Context, rate float64) {
	if rate == 0 {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.step(ctx)
		}
	}
}

// Where the bad actors come in, counted in calls: soon, so that a first look finds one.
const (
	firstIncident = 60
	nextIncident  = 700
)

// atOnce is how many stories of ordinary people run side by side.
const atOnce = 6

// step makes one call: the load balancer's health check, or the next of some story.
func (c *client) step(ctx context.Context) {
	c.calls++
	if c.calls%nextIncident == firstIncident {
		c.open = append(c.open, c.incident(c.calls/nextIncident))
	}
	if c.calls%20 == 0 {
		c.send(ctx, call{method: "GET", path: "/healthz", from: "10.0.0.2", agent: "lb-health/1.0"})
		return
	}
	for {
		for len(c.open) < atOnce {
			c.open = append(c.open, c.everyday())
		}
		i := c.random.IntN(len(c.open))
		s := c.open[i]
		if next, more := s.next(s.last); more {
			s.last = c.send(ctx, next)
			return
		}
		c.open = slices.Delete(c.open, i, i+1)
	}
}

// send makes a call and returns the body of a good answer, nil of any other. A
// request that fails on its way is one that a real client would give up, too:
// nothing here depends on it, and the gateway's end is seen by run.
func (c *client) send(ctx context.Context, k call) []byte {
	// Not cancelled with ctx: a call that has begun is answered, and logged as such.
	req, err := http.NewRequestWithContext(context.WithoutCancel(ctx), k.method, c.url+k.path, bytes.NewReader(nil))
	if err != nil {
		return nil
	}
	req.Host = apiHost
	if k.host != "" {
		req.Host = k.host
		req.Header.Set("Referer", "https://"+consoleHost+"/")
	}
	req.Header.Set("User-Agent", k.agent)
	req.Header.Set("X-Forwarded-For", k.from) // as the load balancer in front would
	if k.key != "" {
		req.Header.Set("X-Api-Key", k.key)
	}
	if k.session != "" {
		req.AddCookie(&http.Cookie{Name: "session", Value: "demo-session-of-" + k.session})
	}
	if k.user != "" {
		req.SetBasicAuth(k.user, k.password)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		return nil
	}
	return body
}

// pick is one of the ids that a list operation answered with, or fallback.
func (c *client) pick(list []byte, fallback string) string {
	var ids []string
	if json.Unmarshal(list, &ids) != nil || len(ids) == 0 {
		return fallback
	}
	return ids[c.random.IntN(len(ids))]
}

// made is the id of what a create operation answered with, or fallback.
func made(body []byte, fallback string) string {
	var t thing
	if json.Unmarshal(body, &t) != nil || t["id"] == "" {
		return fallback
	}
	return t["id"]
}
