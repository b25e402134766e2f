package config

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins/mapper"
)

// sourceSystem is the name of the aggregator's own source.
const sourceSystem = "system"

func (r *reader) source(b *sourceBlock, mappers map[string]*rules) (Source, bool) {
	if kinds := sourceKinds(); !slices.Contains(kinds, b.Kind) {
		r.wrong(b.Range, suggest(b.Kind, kinds), "unknown kind of source %q", b.Kind)
		return Source{}, false
	}
	if !event.ValidName(b.Name) {
		r.wrong(b.Range, tokenHint, "source %q is not a name", b.Name)
	}
	if b.Name == sourceSystem {
		r.wrong(b.Range, "take another name", "source %q is the aggregator's own", b.Name)
	}
	s := Source{Name: b.Name, Kind: b.Kind, Place: place(b.Range)}
	var m mapping
	switch b.Kind {
	case "plugin":
		m = r.pluginSource(b, &s)
	case "http":
		m = r.httpSource(b, &s)
	case "syslog":
		m = r.syslogSource(b, &s)
	case "socket":
		m = r.socketSource(b, &s)
	case "stdin":
		m = r.stdinSource(b, &s)
	case "audit-events":
		m = r.auditEventsSource(b, &s)
	case "bucket":
		m = r.bucketSource(b, &s)
	case "kafka":
		m = r.kafkaSource(b, &s)
	case "nats":
		m = r.natsSource(b, &s)
	case "keycloak":
		m = r.keycloakSource(b, &s)
	default:
		m = r.fileSource(b, &s)
	}
	r.mapping(&s, &m, mappers)
	return s, true
}

func sourceKinds() []string {
	return []string{"audit-events", "bucket", "file", "http", "kafka", "keycloak", "nats", "plugin", "socket", "stdin", "syslog"}
}

func (r *reader) fileSource(b *sourceBlock, s *Source) mapping {
	var body fileSourceBody
	r.decode(b.Body, b.Range, &body)
	s.Paths, s.Exclude = r.globs(body.Paths), r.globs(body.Exclude)
	s.Start = r.choice(body.Start, "start", "beginning", "beginning", "end")
	s.MaxLine = r.bytes(body.MaxLine, DefaultMaxLine)
	s.Symlinks = r.truth(body.Symlinks)
	s.Identity = r.choice(body.Identity, "identity", "inode", "inode", "path")
	s.IgnoreOlder = r.duration(body.IgnoreOlder, 0)
	s.MaxOpen = r.count(body.MaxOpen, "max_open", DefaultMaxOpen, 1<<16)
	if given(body.Paths) && len(s.Paths) == 0 && !r.toldAt(body.Paths.Range()) {
		r.wrong(body.Paths.Range(), `write paths = ["/var/log/nginx/*.log"]`, "a source needs at least one path")
	}
	if s.MaxLine < 1<<10 || s.MaxLine > 64<<20 {
		r.wrong(body.MaxLine.Range(), "choose between 1KiB and 64MiB", "max_line is out of range")
	}
	s.Records = r.records(&body)
	if given(body.IgnoreOlder) && s.IgnoreOlder < time.Minute && !r.toldAt(body.IgnoreOlder.Range()) {
		r.wrong(body.IgnoreOlder.Range(), `write a length of time like "24h", or leave it out to read files of any age`, "ignore_older is shorter than a minute")
	}
	return mapping{body.Format, body.LogFormat, body.Mapper, body.KeepRaw, body.TimeZone, body.TrustedProxies, body.ProxyHeader}
}

// mapping is how the records of a source become events, whatever kind of source it is.
type mapping struct {
	format, logFormat, mapper, keepRaw, timeZone, trustedProxies, proxyHeader hcl.Expression
}

func (r *reader) mapping(s *Source, m *mapping, mappers map[string]*rules) {
	s.Mapper = mapper.Options{
		Format:    r.format(m.format),
		LogFormat: r.text(m.logFormat, ""),
		KeepRaw:   r.truth(m.keepRaw),
	}
	if given(m.logFormat) && !r.toldAt(m.logFormat.Range()) {
		if _, err := mapper.New(s.Mapper); err != nil {
			r.wrong(m.logFormat.Range(), "write it as in the gateway's own configuration", "%v", err)
		}
	}
	if zone := r.text(m.timeZone, ""); zone != "" {
		location, err := time.LoadLocation(zone)
		if err != nil {
			r.wrong(m.timeZone.Range(), `write a name of the time zone database, like "Asia/Shanghai"`, "unknown time zone %q", zone)
		}
		s.Mapper.TimeZone = location
	}
	s.Mapper.TrustedProxies = r.proxies(m.trustedProxies)
	s.Mapper.ProxyHeader = r.choice(m.proxyHeader, "proxy_header", mapper.ProxyHeaders()[0], mapper.ProxyHeaders()...)
	if given(m.proxyHeader) && !given(m.trustedProxies) {
		r.wrong(m.proxyHeader.Range(), `write trusted_proxies = ["10.0.0.0/8"], too`, "nobody is trusted to tell an address in this header")
	}
	r.chooseMapper(s, m.mapper, mappers)
}

// format reads the dialect.
func (r *reader) format(x hcl.Expression) string {
	if !given(x) {
		return "nginx" // told already: it is required
	}
	return r.choice(x, "format", "nginx", mapper.Formats()...)
}

func (r *reader) chooseMapper(s *Source, x hcl.Expression, mappers map[string]*rules) {
	name := r.text(x, "")
	if name == "" {
		return
	}
	rules := mappers[name]
	if rules == nil {
		names := make([]string, 0, len(mappers))
		for n := range mappers {
			names = append(names, n)
		}
		hint := suggest(name, names)
		if len(names) == 0 {
			hint = fmt.Sprintf("write a block: mapper %q { … }", name)
		}
		r.wrong(x.Range(), hint, "there is no mapper %q", name)
		return
	}
	if rules.source != "" && rules.source != s.Name {
		r.wrong(x.Range(), fmt.Sprintf("its match says source = %q (%s)", rules.source, place(rules.sourceRange)), "mapper %q is not for source %q", name, s.Name)
	}
	if mapper.MapsEvents(s.Mapper.Format) {
		r.wrong(x.Range(), "leave it out", "records of format %s are events already and take no mapper", s.Mapper.Format)
		return
	}
	s.Mapper.Rules = &rules.Rules
}

func (r *reader) globs(x hcl.Expression) []string {
	all := r.texts(x)
	for _, g := range all {
		if g == "" || !doublestar.ValidatePathPattern(g) {
			r.wrong(x.Range(), `write a path; * stands for a part of a name, ** for folders`, "%q is not a pattern of paths", g)
		}
	}
	return all
}

func (r *reader) proxies(x hcl.Expression) []netip.Prefix {
	var all []netip.Prefix
	for _, s := range r.texts(x) {
		p, err := proxy(s)
		if err != nil {
			r.wrong(x.Range(), `write addresses and networks, like "10.0.0.0/8"`, "%q is not an address or a network", s)
			continue
		}
		all = append(all, p)
	}
	return all
}

// toldAt tells whether a mistake at this place is known.
func (r *reader) toldAt(at hcl.Range) bool {
	for _, d := range r.diagnostics {
		if d.Subject != nil && d.Subject.Overlaps(at) {
			return true
		}
	}
	return false
}

func place(at hcl.Range) string { return fmt.Sprintf("%s:%d", at.Filename, at.Start.Line) }
