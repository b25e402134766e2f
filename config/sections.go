package config

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event"
)

// config fills c from the blocks of all files.
func (r *reader) config(c *Config, all *fileBlocks) {
	for _, a := range all.Alerts {
		r.later(a.Range, "alert", "leave it out")
	}
	accounts := r.accounts(all.Accounts)
	c.Agent = r.agent(all.Agent, accounts)
	c.NATS = r.nats(all.NATS)
	c.Agents = r.agents(all.Agents)
	c.Archives = r.archives(all.Archives)
	c.API = r.api(all.API)
	c.Index = r.index(all.Index, accounts)
	r.sources(c, all)
	r.trails(c, all.Trails, owners{accounts, r.organization(all.Organizations)})
}

func (r *reader) accounts(blocks []accountBlock) map[string]string {
	ids := map[string]string{}
	for i := range blocks {
		b := &blocks[i]
		if !event.ValidName(b.Name) {
			r.wrong(b.Range, tokenHint, "account %q is not a name", b.Name)
		}
		if _, twice := ids[b.Name]; twice {
			r.wrong(b.Range, "keep one", "account %q is there twice", b.Name)
		}
		ids[b.Name] = r.text(b.ID, "")
	}
	return ids
}

func (r *reader) archives(blocks []archivesBlock) Archives {
	var a Archives
	if b := one(r, blocks, "archives", func(b *archivesBlock) hcl.Range { return b.Range }); b != nil {
		if a.Keys = r.file(b.Keys); given(b.Keys) && a.Keys == "" {
			r.wrong(b.Keys.Range(), "leave it out for the data folder", "a folder is needed here")
		}
	}
	return a
}

func (r *reader) agent(blocks []agentBlock, accounts map[string]string) Agent {
	a := Agent{Name: hostName(), Account: DefaultAccount, Region: DefaultRegion, SpoolBytes: DefaultSpoolBytes}
	if b := one(r, blocks, "agent", func(b *agentBlock) hcl.Range { return b.Range }); b != nil {
		if a.Name = r.token(b.Name, "agent", a.Name); a.Name == AggregatorName {
			r.wrong(b.Name.Range(), "take another name", "agent %q is the aggregator's own", a.Name)
		}
		a.Account = r.token(b.Account, "account", a.Account)
		a.Region = r.text(b.Region, a.Region)
		a.HashKey = r.file(b.HashKey)
		if s := one(r, b.Spool, "spool", func(s *spoolBlock) hcl.Range { return s.Range }); s != nil {
			if a.SpoolBytes = r.bytes(s.MaxBytes, a.SpoolBytes); a.SpoolBytes < 16<<20 {
				r.wrong(s.MaxBytes.Range(), "give it at least 16MiB", "the spool is too small")
			}
			a.SpoolSync = r.spoolSync(s.Sync)
		}
		if n := one(r, b.NATS, "nats", func(n *remoteBlock) hcl.Range { return n.Range }); n != nil {
			a.NATS = r.remote(n.Servers, n.Credentials, n.NKey, n.TLS)
		}
	}
	a.AccountID = a.Account
	if id := accounts[a.Account]; id != "" {
		a.AccountID = id
	}
	return a
}

// NameAgent gives the agent another name than the one of the configuration. What
// a name cannot hold becomes '-'.
func (c *Config) NameAgent(name string) {
	c.Agent.Name = token(name)
	for i := range c.Sources {
		c.Sources[i].Mapper.Host = c.Agent.Name
	}
}

// syncHint says what there is instead of a sync that is left to the kernel.
const syncHint = `write "batch", or a length of time from "1ms" to "10s" that a batch may wait`

// spoolSync is how long a batch may wait for its fsync: 0 for "batch".
func (r *reader) spoolSync(e hcl.Expression) time.Duration {
	switch text := r.text(e, "batch"); text {
	case "batch":
		return 0
	case "never", "os", "none":
		r.wrong(e.Range(), syncHint, "sync %q is not offered: after a power loss lines could be in the trail twice or not at all", text)
	default:
		d, err := parseDuration(text)
		if err == nil && d >= time.Millisecond && d <= 10*time.Second {
			return d
		}
		r.wrong(e.Range(), syncHint, "%q does not say when the spool is synced", text)
	}
	return 0
}

// hostName is this machine's name as a NATS token.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "agent"
	}
	return token(name)
}

// token is a name of the world outside as a NATS token.
func token(name string) string {
	name = strings.Map(func(c rune) rune {
		if event.ValidName(string(c)) {
			return c
		}
		return '-'
	}, name)
	if name = name[:min(len(name), 64)]; name == "" || name == AggregatorName {
		return "agent"
	}
	return name
}

func (r *reader) api(blocks []apiBlock) API {
	a := API{Listen: DefaultListen}
	if b := one(r, blocks, "api", func(b *apiBlock) hcl.Range { return b.Range }); b != nil {
		a.Place = place(b.Range)
		a.Listen = r.address(b.Listen, a.Listen)
		a.TokenFile = r.file(b.TokenFile)
		a.TLS = r.listenTLS(b.TLS)
		a.Limits = r.limits(b.Limits)
	}
	return a
}

// address reads host:port.
func (r *reader) address(x hcl.Expression, otherwise string) string {
	s := r.text(x, otherwise)
	if !given(x) || s == otherwise {
		return s
	}
	if err := CheckAddress(s); err != nil {
		r.wrong(x.Range(), `write "127.0.0.1:8320"`, "%v", err)
		return otherwise
	}
	return s
}

// CheckAddress tells what is wrong with an address to listen on.
func CheckAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not host:port", s)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}

func (r *reader) index(blocks []indexBlock, accounts map[string]string) Index {
	n := Index{Kind: "local", Retention: DefaultRetention, MemoryBytes: DefaultIndexMemory}
	b := one(r, blocks, "index", func(b *indexBlock) hcl.Range { return b.Range })
	if b == nil {
		return n
	}
	switch b.Kind {
	case "local":
		var body localIndexBody
		r.decode(b.Body, b.Range, &body)
		n.Retention = r.duration(body.Retention, n.Retention)
		n.MemoryBytes = r.bytes(body.Memory, n.MemoryBytes)
		r.within(body.Memory, "memory", n.MemoryBytes, 32<<20, 4<<30, "32MiB and 4GiB")
		n.Classes = r.classes(body.Classes, accounts)
	case "elasticsearch":
		var body elasticsearchIndexBody
		before := len(r.diagnostics)
		r.decode(b.Body, b.Range, &body)
		n.Kind, n.MemoryBytes = b.Kind, 0
		n.Retention = r.duration(body.Retention, n.Retention)
		n.Classes = r.classes(body.Classes, accounts)
		if len(r.diagnostics) == before {
			n.Elasticsearch = r.elasticsearch(&body)
		}
	default:
		r.wrong(b.Range, suggest(b.Kind, []string{"local", "elasticsearch"}), "unknown kind of index %q", b.Kind)
	}
	return n
}

func (r *reader) sources(c *Config, all *fileBlocks) {
	mappers := map[string]*rules{}
	for i := range all.Mappers {
		b := &all.Mappers[i]
		if first := mappers[b.Name]; first != nil {
			r.wrong(b.Range, fmt.Sprintf("the first one is at %s: keep one", place(first.place)), "mapper %q is there twice", b.Name)
			continue
		}
		m := r.mapper(b)
		mappers[b.Name] = m
		c.Mappers = append(c.Mappers, Mapper{Rules: &m.Rules, Cases: r.cases(b), Place: place(b.Range)})
	}
	seen := map[string]string{}
	for i := range all.Sources {
		b := &all.Sources[i]
		if first := seen[b.Name]; first != "" {
			r.wrong(b.Range, fmt.Sprintf("the first one is at %s: keep one, or rename it", first), "source %q is there twice", b.Name)
			continue
		}
		seen[b.Name] = place(b.Range)
		s, ok := r.source(b, mappers)
		if !ok {
			continue
		}
		r.oneListener(b, &s, c.Sources)
		r.oneStdin(b, &s, c.Sources)
		s.Mapper.AccountID, s.Mapper.Region, s.Mapper.Host = c.Agent.AccountID, c.Agent.Region, c.Agent.Name
		c.Sources = append(c.Sources, s)
	}
}

// organization is the name of the account that manages all others.
func (r *reader) organization(blocks []organizationBlock) string {
	b := one(r, blocks, "organization", func(b *organizationBlock) hcl.Range { return b.Range })
	if b == nil {
		return ""
	}
	return r.token(b.Management, "account", "")
}

func (r *reader) trails(c *Config, blocks []trailBlock, o owners) {
	names, targets := map[string]string{}, map[string]string{}
	for i := range blocks {
		b := &blocks[i]
		if first := names[b.Name]; first != "" {
			r.wrong(b.Range, fmt.Sprintf("the first one is at %s: keep one, or rename it", first), "trail %q is there twice", b.Name)
			continue
		}
		names[b.Name] = place(b.Range)
		t := r.trail(b, o)
		t.Text = c.texts["trail "+b.Name]
		for k := range t.Deliver {
			d := &t.Deliver[k]
			r.ownSubject(c, d, b.Deliver[k].Range)
			r.ownIndex(c, d, b.Deliver[k].Range)
			where, store := d.where()
			if first := targets[where+" "+store]; first != "" && where != "" {
				r.wrong(b.Deliver[k].Range, fmt.Sprintf("the other one is at %s: give each its own path or prefix", first), "two deliveries go into %s", where)
			}
			targets[where+" "+store] = d.Place
		}
		c.Trails = append(c.Trails, t)
	}
}
