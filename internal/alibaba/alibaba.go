// Package alibaba finds out who asks the services of Alibaba Cloud: a key of an
// account or a RAM user, or the temporary one of a role.
package alibaba

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Identity is who asks.
type Identity struct {
	ID      string // of the access key
	Secret  string
	Token   string    // of a temporary key; "": it is none
	Expires time.Time // zero: never, as far as is known
}

// Config tells where to look. The zero value looks where the SDKs of Alibaba Cloud
// do: in the environment, at the role of a Kubernetes pod, in
// ~/.alibabacloud/credentials, at the role of the machine.
type Config struct {
	File    string // in the form of ~/.alibabacloud/credentials; then nothing else is asked
	Profile string // in the file; "": default
	// Variables are names of variables that are looked at before ALIBABA_CLOUD_ACCESS_KEY_ID,
	// ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN, in that order.
	Variables [3]string
}

// Credentials finds an identity, and a new one when it is about to expire. Any
// goroutine may ask.
type Credentials struct {
	cfg      Config
	client   *http.Client
	metadata string // address of the machine's metadata
	sts      string // address of the service that lends identities of roles; "": as the environment has it
	now      func() time.Time

	mu   sync.Mutex
	role map[string]Identity // that were lent, by who was asked for what
}

// New makes credentials. They are looked for at each Get: a file or a variable
// that is renewed holds from then on.
func New(c Config) *Credentials {
	return &Credentials{
		cfg: c, now: time.Now, role: map[string]Identity{}, metadata: "http://100.100.100.200",
		// A machine without a role often has nobody at the address of the metadata.
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}},
	}
}

// nobody tells that a place has no identity, and that the next one may be asked.
var errNobody = errors.New("there is none")

// Get finds out who asks now.
func (c *Credentials) Get(ctx context.Context) (Identity, error) {
	if c.cfg.File != "" {
		i, err := c.file(ctx, c.cfg.File)
		if errors.Is(err, fs.ErrNotExist) {
			return i, fmt.Errorf("there is no file of credentials %s", c.cfg.File)
		}
		return i, err
	}
	for _, look := range []func(context.Context) (Identity, error){c.environment, c.pod, c.userFile, c.machine} {
		i, err := look(ctx)
		if !errors.Is(err, errNobody) {
			return i, err
		}
	}
	return Identity{}, errors.New("no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, name a file of them, or run on a machine or pod with a RAM role")
}

func (c *Credentials) environment(context.Context) (Identity, error) {
	for _, v := range [][3]string{c.cfg.Variables, {"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"}} {
		if v[0] == "" {
			continue
		}
		i := Identity{ID: os.Getenv(v[0]), Secret: os.Getenv(v[1]), Token: os.Getenv(v[2])}
		switch {
		case i.ID != "" && i.Secret != "":
			return i, nil
		case i.ID != "" || i.Secret != "":
			return i, fmt.Errorf("of the variables %s and %s one is set and the other is not", v[0], v[1])
		}
	}
	return Identity{}, errNobody
}

func (c *Credentials) userFile(ctx context.Context) (Identity, error) {
	path := os.Getenv("ALIBABA_CLOUD_CREDENTIALS_FILE")
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return Identity{}, errNobody // a service may have none
		}
		path = filepath.Join(home, ".alibabacloud", "credentials")
	}
	i, err := c.file(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		return i, errNobody
	}
	return i, err
}

func (c *Credentials) file(ctx context.Context, path string) (Identity, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Identity{}, err
	}
	p, err := parseFile(path, text, cmp.Or(c.cfg.Profile, os.Getenv("ALIBABA_CLOUD_PROFILE"), "default"))
	if err != nil {
		return Identity{}, err
	}
	if p.machine {
		i, err := c.lent(ctx, "machine "+p.role, func(ctx context.Context) (Identity, error) { return c.askMachine(ctx, p.role) })
		if errors.Is(err, errNobody) {
			err = fmt.Errorf("%s: this machine has no RAM role", path)
		}
		return i, err
	}
	return p.Identity, nil
}

// renewal is how long before its end an identity is asked for anew.
const renewal = 10 * time.Minute

// lent gives an identity that was lent before, while it lasts. When a new one
// cannot be had the old one is used to its end.
func (c *Credentials) lent(ctx context.Context, what string, ask func(context.Context) (Identity, error)) (Identity, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	had, now := c.role[what], c.now()
	if had.ID != "" && now.Before(had.Expires.Add(-renewal)) {
		return had, nil
	}
	i, err := ask(ctx)
	switch {
	case err == nil:
		c.role[what] = i
		return i, nil
	case had.ID != "" && now.Before(had.Expires):
		return had, nil
	}
	return Identity{}, err
}
