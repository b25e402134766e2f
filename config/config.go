// Package config reads what operators write: HCL files that declare sources,
// mappers, the index and trails. Everything but the trails has a default. All
// mistakes of all files are found in one go, each with its place. HCL lives here
// only: what comes out is plain data, checked and ready to run.
package config

import (
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/actiontrail/actiontrail/plugins/mapper"
	"github.com/actiontrail/actiontrail/query"
)

// Config is a whole configuration. Sections that the files leave out have their defaults.
type Config struct {
	Agent    Agent
	Sources  []Source
	Mappers  []Mapper // those no source uses, too
	NATS     NATS
	Agents   Agents
	Archives Archives
	API      API
	Index    Index
	Trails   []Trail
	Files    []File            // that it was read from, the documents that these name among them, sorted by name
	Blocks   map[string]string // "source file edge" to the hash of its text, of every block at the top of a file and every document
	Hash     string            // SHA-256 over Files, in hex: tells two configurations apart
	texts    map[string]string // of the blocks of trails
}

// File is one file of a configuration.
type File struct {
	Name string
	Hash string // SHA-256 in hex
}

// Agent describes the agent of this machine.
type Agent struct {
	Name       string // a NATS token: letters, digits, - and _
	Account    string // the same
	AccountID  string // recipientAccountId of its events; the account's name when no account block gives an id
	Region     string
	SpoolBytes int64
	// SpoolSync is how long a batch may wait for its fsync, so that many share one; 0: each has one as soon as the disk can.
	SpoolSync time.Duration
	HashKey   string // file of the account's key for the hashes of API keys; empty: `server` has its own, an agent alone has none
	NATS      Remote // without servers: the server in this process
}

// Remote is a NATS server elsewhere.
type Remote struct {
	Servers     []string
	Credentials string // file of a user's JWT and seed; empty: none
	NKey        string // file of a key's seed: the login, and of an agent also what it signs with; empty: none
	Secure      bool   // there is a tls block
	TLS         TLS
}

// TLS names the files of certificates.
type TLS struct {
	CA, Cert, Key string // each may be empty
}

// Archives is what all archives share.
type Archives struct {
	Keys string // folder of the private keys that sign them; empty: that of the aggregator, in the data folder
}

// Agents is how the aggregator comes to know agents elsewhere.
type Agents struct {
	Enroll string // EnrollByKeys or EnrollFirstUse
}

// Ways of enrolment.
const (
	EnrollByKeys   = "keys"      // actiontrail keys
	EnrollFirstUse = "first-use" // the first batch of a name brings its key
)

// Source is one source of the agent.
type Source struct {
	Name    string
	Kind    string // file, plugin, http, …: which of the parts below belong to it; all have Mapper and Place
	Paths   []string
	Exclude []string
	Start   string // beginning or end
	MaxLine int64  // bytes
	Records Records
	Mapper  mapper.Options
	Place   string  // file:line of its block
	Plugin  *Plugin // the program that serves it; nil: a source of files, to which all but Mapper and Place belongs
	HTTP    *HTTP   // where clients bring its records, with Mapper, Place and MaxLine; nil: nobody does

	Syslog      *Syslog      // with MaxLine
	Socket      *Socket      // with MaxLine
	AuditEvents *AuditEvents // where clients of CloudTrail's PutAuditEvents bring its records
	Bucket      *Bucket      // with MaxLine
	Kafka       *Kafka       // with MaxLine
	NATS        *NATSSource  // with MaxLine
	Keycloak    *Keycloak

	Symlinks    bool          // follow symbolic links
	Identity    string        // inode or path
	IgnoreOlder time.Duration // 0: no limit
	MaxOpen     int           // files open at a time
}

// Mapper is what a mapper block declares.
type Mapper struct {
	Rules *mapper.Rules
	Cases []Case
	Place string // file:line of its block
}

// Records says how the bytes of a source become records.
type Records struct {
	Encoding   string        // one of the known ones
	Delimiter  string        // empty: a new line
	LongLines  string        // cut or split
	FlushAfter time.Duration // 0: a half line waits until its file is rotated
	Compressed bool          // gzip files that the paths find are read
	Multiline  *Multiline    // nil: a record a line
}

// Multiline makes one record of several lines: of Start and Continue, one is there.
type Multiline struct {
	Start, Continue *regexp.Regexp
	MaxLines        int
	Timeout         time.Duration
}

// NATS is the aggregator's side.
type NATS struct {
	Remote          // without servers: the server in this process, whose certificates TLS names
	Listen   string // of that server, for agents elsewhere; empty: it does not listen
	MaxBytes int64  // of the stream
}

// API is the HTTP server.
type API struct {
	Listen    string
	TokenFile string     // empty: no token is asked for
	TLS       *ListenTLS // nil: in the clear
	Limits    Limits
	Place     string // file:line of its block; empty: there is none
}

// Index is where events are searched.
type Index struct {
	Kind          string // local or elasticsearch
	Retention     time.Duration
	MemoryBytes   int64          // of local: what events that are not in segments yet may take, about
	Classes       []Class        // the first one that an event fits has it
	Elasticsearch *Elasticsearch // of that kind
}

// Class is a kind of events that the index keeps for a time of its own: their
// eventType is one of EventTypes and their recipientAccountId one of Accounts,
// where these are not empty; one of them is not.
type Class struct {
	Name                 string
	EventTypes, Accounts []string
	Retention            time.Duration
}

// Trail is what a trail block declares.
type Trail struct {
	Name    string
	Where   string     // the whole filter as KQL, shorthands included; empty: all events
	Filter  query.Expr // the same, parsed; nil: all events
	Deliver []Delivery // in the order of the file, one at least
	Notify  []Notify   // who is told of each object
	Witness []Witness  // where checkpoints are kept besides
	Hash    string     // SHA-256 over what the block says, in hex
	Place   string     // file:line of its block
	Text    string     // of its block, as it is written
	// Residence promises that each event goes to one delivery at most: what they take was proven to be disjoint.
	Residence bool
}

// File is the file of the block.
func (t *Trail) File() string {
	file, _, _ := strings.Cut(t.Place, ".hcl:")
	return file + ".hcl"
}

// AggregatorName is the name under which the aggregator itself sends events; no agent can have it.
const AggregatorName = "aggregator"

// Defaults of what the files leave out.
const (
	DefaultAccount   = "default"
	DefaultRegion    = "default"
	DefaultListen    = "127.0.0.1:8320" // of the API
	DefaultRetention = 90 * 24 * time.Hour

	DefaultSpoolBytes  = 1 << 30 // per source; more waits in the log files
	DefaultIndexMemory = 256 << 20
	DefaultStreamBytes = 10 << 30 // a full stream pushes back into the spools
	DefaultMaxLine     = 1 << 20
	DefaultMaxOpen     = 256
)

// proxy reads one of trusted_proxies: an address or a network.
func proxy(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, err
	}
	if p = p.Masked(); p.Addr().Is4In6() && p.Bits() >= 96 { // addresses are compared as IPv4
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p, nil
}
