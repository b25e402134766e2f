package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
)

// cloud is the pretended cloud: things of a few kinds, and who may do what to them.
type cloud struct {
	mu     sync.Mutex
	random *rand.Rand
	things map[kind]map[string]thing
}

type (
	kind  string
	thing map[string]string // attributes by name
)

const (
	instances = kind("i")
	groups    = kind("sg")
	databases = kind("rm")
	buckets   = kind("bucket")
	objects   = kind("object") // named BUCKET/KEY
	users     = kind("user")
	accessKey = kind("ak")
	policies  = kind("policy")
	trails    = kind("trail")
	disks     = kind("d")
)

func newCloud(random *rand.Rand) *cloud {
	c := &cloud{random: random, things: map[kind]map[string]thing{}}
	for range 12 {
		c.add(instances, c.newID(instances), thing{"status": "Running", "type": "c7.large"})
	}
	for range 4 {
		c.add(disks, c.newID(disks), thing{"size": "40"})
		c.add(groups, c.newID(groups), thing{"vpc": "vpc-prod"})
		c.add(databases, c.newID(databases), thing{"engine": "MySQL", "status": "Running"})
	}
	for _, name := range []string{"audit-archive", "invoices", "release-artifacts", "web-static"} {
		c.add(buckets, name, thing{"acl": "private"})
		c.add(objects, name+"/2026/readme.txt", thing{})
	}
	for _, name := range slices.Sorted(maps.Keys(accounts())) {
		c.add(users, name, thing{})
	}
	c.add(policies, "AdministratorAccess", thing{})
	c.add(policies, "ReadOnlyAccess", thing{})
	c.add(trails, "all-regions", thing{"status": "Enabled"})
	return c
}

// add and the other methods below are called with mu held, or before anybody else has the cloud.
func (c *cloud) add(k kind, id string, t thing) {
	if c.things[k] == nil {
		c.things[k] = map[string]thing{}
	}
	t["id"] = id
	c.things[k][id] = t
}

func (c *cloud) newID(k kind) string { return fmt.Sprintf("%s-%012x", k, c.random.Uint64()&(1<<48-1)) }

// make adds a thing that a caller asked for.
func (c *cloud) make(k kind, id string, t thing) {
	t["made"] = "true"
	c.add(k, id, t)
}

// keep holds what callers made to a size, so that a demo that runs for weeks stays small.
func (c *cloud) keep(k kind, most int) {
	var made []string
	for id, t := range c.things[k] {
		if t["made"] != "" {
			made = append(made, id)
		}
	}
	slices.Sort(made)
	for ; len(made) >= most; made = made[1:] {
		delete(c.things[k], made[0])
	}
}

// answer is what an operation returns: a status and a JSON body.
type answer struct {
	status int
	body   any
}

func ok(body any) answer { return answer{http.StatusOK, body} }

func refuse(status int, code, text string) answer {
	return answer{status, map[string]string{"Code": code, "Message": text}}
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	// The only failure is a client that has gone; there is nobody left to tell.
	_ = json.NewEncoder(w).Encode(a.body)
}

// handler serves every operation. Who calls is settled first, then whether they may, then it is done.
func (c *cloud) handler() http.Handler {
	mux := http.NewServeMux()
	for _, op := range operations() {
		mux.HandleFunc(op.pattern, func(w http.ResponseWriter, r *http.Request) { c.serve(op, r).write(w) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if account, known := authenticate(r); known {
			callerOf(r).name = account.name
		}
		refuse(http.StatusNotFound, "InvalidAction.NotFound", "no such operation").write(w)
	})
	return mux
}

func (c *cloud) serve(op operation, r *http.Request) answer {
	if op.service == "" { // open to all: health checks and sign-ins, which settle themselves who it is
		return op.do(c, r)
	}
	account, known := authenticate(r)
	if !known {
		return refuse(http.StatusUnauthorized, "InvalidAccessKeyId.NotFound", "the key or session is not known")
	}
	callerOf(r).name = account.name
	if !account.may(op) {
		return refuse(http.StatusForbidden, "NoPermission", account.name+" may not "+op.action)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.random.IntN(150) == 0 {
		return refuse(http.StatusInternalServerError, "InternalError", "try again")
	}
	return op.do(c, r)
}
