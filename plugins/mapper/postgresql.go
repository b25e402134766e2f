package mapper

import (
	"errors"
	"strings"

	"github.com/actiontrail/actiontrail/event"
	"github.com/actiontrail/actiontrail/plugins"
)

// Slots of PostgreSQL's jsonlog.
const (
	postgresTime = iota
	postgresUser
	postgresDatabase
	postgresHost
	postgresPort
	postgresSession
	postgresSeverity
	postgresState
	postgresMessage
	postgresProgram
	postgresStatement
	postgresDetail
	postgresSlots
)

// postgresForm is what jsonlog writes (src/backend/utils/error/jsonlog.c, since 15).
func postgresForm() []wanted {
	return []wanted{
		postgresTime: {"timestamp", plainBranch}, postgresUser: {"user", plainBranch}, postgresDatabase: {"dbname", plainBranch}, postgresHost: {"remote_host", plainBranch},
		postgresPort: {"remote_port", plainBranch}, postgresSession: {"session_id", plainBranch}, postgresSeverity: {"error_severity", plainBranch}, postgresState: {"state_code", plainBranch},
		postgresMessage: {"message", plainBranch}, postgresProgram: {"application_name", plainBranch}, postgresStatement: {"statement", hiddenBranch}, postgresDetail: {"detail", hiddenBranch},
	}
}

// postgresql reads the lines of pgaudit and those of connections, out of a log in
// JSON, in CSV or as text, whose log_line_prefix may be given.
func postgresql(opt *Options) (reader, error) {
	prefix, err := newPostgresPrefix(or(opt.LogFormat, `%m [%p] %q%u@%d `))
	if err != nil {
		return nil, err
	}
	n := newNested(postgresForm(), opt)
	object := readObject(n, func(m *Mapper, n *nested) error { return m.postgres(n.text) })
	var fields [26]string
	var line [postgresSlots]string
	return func(m *Mapper, record []byte) error {
		s := view(record)
		switch {
		case isObject(record):
			return object(m, record)
		case strings.HasPrefix(s, "\t"):
			return plugins.ErrIgnored // a statement goes on: of what it is the first line tells
		}
		clear(line[:])
		if count := postgresCSV(s, &m.request, fields[:]); count >= 14 {
			for to, from := range [...]int{postgresTime: 0, postgresUser: 1, postgresDatabase: 2, postgresHost: 4, postgresSession: 5, postgresSeverity: 11, postgresState: 12, postgresMessage: 13, postgresProgram: 22} {
				if from < count && (from != 0 || to == postgresTime) {
					line[to] = fields[from]
				}
			}
			line[postgresHost], line[postgresPort] = postgresPeer(line[postgresHost], ':')
			return m.postgres(line[:])
		}
		if err := prefix.read(s, &line); err != nil {
			return err
		}
		return m.postgres(line[:])
	}, nil
}

// postgresPeer takes host and port apart: 192.0.2.7:5432, 192.0.2.7(5432), [local].
func postgresPeer(s string, at byte) (host, port string) {
	i := strings.LastIndexByte(s, at)
	if i < 0 || s[0] == '[' {
		return s, ""
	}
	return s[:i], strings.TrimSuffix(s[i+1:], ")")
}

// Facts of PostgreSQL.
var (
	factDatabase  = newKey("database")
	factStatement = newKey("statement")
	factClass     = newKey("class")
	factProgram   = newKey("applicationName")
)

// postgres takes one message of the log.
func (m *Mapper) postgres(v []string) error {
	q := &m.request
	if v[postgresMessage] == "" || v[postgresSeverity] == "" {
		return errors.New("not a message of PostgreSQL's log")
	}
	audit, is := strings.CutPrefix(v[postgresMessage], "AUDIT: ")
	if !is && !isPostgresConnection(v) {
		return plugins.ErrIgnored
	}
	var err error
	if q.time, err = m.postgresTime(v[postgresTime]); err != nil {
		return err
	}
	t := &q.told
	t.service = "PostgreSQL"
	if v[postgresHost] != "[local]" {
		q.peer = v[postgresHost]
	}
	a := &t.actor
	a.source, a.kind, a.name = sourceNative, "db-user", v[postgresUser]
	if a.name == "[unknown]" {
		a.name = ""
	}
	if is {
		err = m.pgaudit(audit, v)
	} else {
		err = m.postgresConnection(v)
	}
	q.add(factDatabase, v[postgresDatabase])
	q.add(factProgram, v[postgresProgram])
	q.add(factSession, v[postgresSession])
	q.add(factPort, v[postgresPort])
	return err
}

// postgresTime reads 2026-11-21 01:26:57.123 UTC. Of the abbreviations of zones only
// those that mean the same to all are known: others are the source's time_zone.
func (m *Mapper) postgresTime(s string) (event.Time, error) {
	if strings.IndexByte(s, '-') < 0 {
		return m.clock.epoch(s)
	}
	space := strings.LastIndexByte(s, ' ')
	if space <= 10 {
		return m.clock.iso(s, m.opt.TimeZone)
	}
	stamp, name := s[:space], s[space+1:]
	if name == "UTC" || name == "GMT" || name == "Z" {
		at, err := m.clock.iso(stamp+"Z", m.opt.TimeZone)
		return at, err
	}
	if name != "" && (name[0] == '+' || name[0] == '-') {
		if len(name) == 3 {
			name += "00"
		}
		return m.clock.iso(stamp+name, m.opt.TimeZone)
	}
	return m.clock.iso(stamp, m.opt.TimeZone)
}

// pgaudit takes SESSION,1,1,READ,SELECT,TABLE,public.account,"select …",<none>.
func (m *Mapper) pgaudit(s string, v []string) error {
	q := &m.request
	var f [10]string
	if n := postgresCSV(s, q, f[:]); n < 7 || f[0] != "SESSION" && f[0] != "OBJECT" {
		return errors.New("a line of pgaudit that is cut off")
	}
	class, command, kind, object, statement := f[3], f[4], f[5], f[6], f[7]
	name := m.named(command)
	if name == "" {
		return errors.New("a line of pgaudit whose command is no name")
	}
	if kind != "" && !strings.Contains(command, " ") {
		name += m.named(kind)
	}
	rw := event.Write
	if class == "READ" || command == "SHOW" || command == "EXPLAIN" {
		rw = event.Read
	}
	q.done(name, rw)
	t := &q.told
	if object != "" {
		t.resourceType, t.resourceName = q.joined("PostgreSQL", "::", or(m.named(kind), "Object")), q.joined(v[postgresDatabase], ".", object)
	} else if v[postgresDatabase] != "" {
		t.resourceType, t.resourceName = "PostgreSQL::Database", v[postgresDatabase]
	}
	q.fields = append(q.fields, field{"statement", statement})
	q.add(factClass, class)
	q.add(factStatement, withoutLiterals(q, statement))
	return nil
}

// isPostgresConnection tells whether a message is of a connection, or of what nobody
// is allowed to do.
func isPostgresConnection(v []string) bool {
	s := v[postgresMessage]
	return strings.HasPrefix(s, "connection authorized: ") || strings.HasPrefix(s, "disconnection: ") ||
		v[postgresSeverity] == "FATAL" && (postgresRefusal(s) != "") || v[postgresSeverity] == "ERROR" && strings.HasPrefix(s, "permission denied ")
}

// postgresRefusal is the code of why nobody was let in.
func postgresRefusal(s string) string {
	switch {
	case strings.Contains(s, " authentication failed for user "):
		return "AuthenticationFailed"
	case strings.HasPrefix(s, "no pg_hba.conf entry "), strings.HasPrefix(s, "pg_hba.conf rejects "):
		return "NotAllowed"
	case strings.HasPrefix(s, "role ") && strings.HasSuffix(s, " does not exist"):
		return "NoSuchUser"
	case strings.HasPrefix(s, "role ") && strings.HasSuffix(s, " is not permitted to log in"):
		return "NotAllowed"
	case strings.HasPrefix(s, "database ") && strings.HasSuffix(s, " does not exist"):
		return "NoSuchDatabase"
	case strings.HasPrefix(s, "permission denied for database "):
		return "PermissionDenied"
	}
	return ""
}

// postgresNames takes "user=alice database=shop" of a message, where the prefix of the
// line does not have them.
func postgresNames(q *request, s string) {
	t := &q.told
	_, rest, ok := strings.Cut(s, " user=")
	user, rest, named := strings.Cut(rest, " database=")
	if !ok || !named {
		return
	}
	database, _, _ := cut(rest, ' ')
	t.actor.name = or(t.actor.name, user)
	if t.resourceName == "" {
		t.resourceType, t.resourceName = "PostgreSQL::Database", database
	}
}

func (m *Mapper) postgresConnection(v []string) error {
	q, s := &m.request, v[postgresMessage]
	t := &q.told
	if v[postgresDatabase] != "" {
		t.resourceType, t.resourceName = "PostgreSQL::Database", v[postgresDatabase]
	}
	switch {
	case strings.HasPrefix(s, "connection authorized: "):
		q.done("Connect", event.Write)
		postgresNames(q, s)
	case strings.HasPrefix(s, "disconnection: "):
		q.done("Disconnect", event.Write)
		postgresNames(q, s)
		if v[postgresHost] == "" {
			if _, host, ok := strings.Cut(s, " host="); ok {
				q.peer, _, _ = cut(host, ' ')
			}
		}
	case v[postgresSeverity] == "ERROR":
		q.done("Access", event.Write) // of what statement it was, text does not tell
		t.errorCode, t.errorMessage = "PermissionDenied", s
	default:
		q.done("Connect", event.Write)
		t.errorCode, t.errorMessage = postgresRefusal(s), s
		t.actor.claimed = true
		if _, user, ok := strings.Cut(s, ` user "`); ok && t.actor.name == "" {
			t.actor.name, _, _ = cut(user, '"')
		}
		if _, host, ok := strings.Cut(s, ` for host "`); ok && q.peer == "" {
			q.peer, _, _ = cut(host, '"')
		}
	}
	return nil
}
