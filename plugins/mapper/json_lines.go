package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// jsonDefault are the names that people give most: those of their own, and those
// of the Elastic Common Schema.
const jsonDefault = `
time = time | timestamp | @timestamp | ts | start_time | datetime | date
address = remote_addr | client_ip | remote_ip | ip | source.ip | client.ip | remote_address
forwarded = x_forwarded_for
user = user | username | user.name | remote_user
method = method | http_method | verb | http.request.method | request_method
url = url | uri | request_uri | url.original | path | url.path
query = query | query_string | url.query
host = host | http_host | url.domain
status = status | status_code | http_status | code | http.response.status_code | response_code
bytes = bytes | size | response_size | http.response.body.bytes
user_agent = user_agent | http_user_agent | userAgent | user_agent.original
referer = referer | http_referer | http.request.referrer
request_id = request_id | requestId | http.request.id | trace.id
headers = headers | request.headers
action = action | event.action
`

// jsonLines reads JSON objects of any program, one a line. log_format says where
// what is: lines (or parts between semicolons) like
//
//	time   = when %d.%m.%Y %H:%M:%S
//	method = http.verb | verb
//
// A path is member names with dots between, of several the first that is there
// counts; behind it may stand the form of the time, or the unit of the duration.
// headers is an object of request headers, secret what must never be kept.
type jsonLines struct {
	*nested
	meant meant
	at    []meaning // by slot
}

func newJSONLines(opt *Options) (reader, error) {
	format := opt.LogFormat
	if strings.TrimSpace(format) == "" {
		format = jsonDefault
	}
	j := &jsonLines{}
	var leaves, others []wanted
	var has [manyMeanings]bool
	given := map[string]string{}
	for _, part := range strings.FieldsFunc(format, func(r rune) bool { return r == '\n' || r == ';' }) {
		if part = strings.TrimSpace(part); part == "" || part[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if name = strings.TrimSpace(name); !ok {
			return nil, fmt.Errorf("log_format: %q is not like time = when", shorten(part))
		}
		k, known := meaningOf(name)
		paths, how, err := jsonPaths(value)
		if err != nil {
			return nil, fmt.Errorf("log_format: %s: %w", name, err)
		}
		for _, path := range paths {
			if other := given[path]; other != "" {
				return nil, fmt.Errorf("log_format: %s is both %s and %s", path, other, name)
			}
			given[path] = name
			switch {
			case known:
				leaves, j.at = append(leaves, wanted{path, plainBranch}), append(j.at, k)
			case name == "headers":
				others = append(others, wanted{path, headersBranch})
			case name == "secret":
				others = append(others, wanted{path, hiddenBranch})
			default:
				return nil, fmt.Errorf("log_format: %q is not known: %s, headers or secret", name, strings.Join(meaningNames[:], ", "))
			}
		}
		if known {
			if has[k] {
				return nil, fmt.Errorf("log_format: %s is given twice: put its paths behind one another, with | between", name)
			}
			has[k] = true
			if err := j.meant.written(k, how); err != nil {
				return nil, err
			}
		}
	}
	if err := j.meant.check(func(k meaning) bool { return has[k] }); err != nil {
		return nil, err
	}
	j.nested = newNested(append(leaves, others...), opt)
	return j.read, nil
}

// jsonPaths reads a.b | c, and what stands behind the last path.
func jsonPaths(s string) (paths []string, how string, err error) {
	const most = 16
	for more := true; more; {
		var one string
		one, s, more = strings.Cut(s, "|")
		one = strings.TrimSpace(one)
		if !more {
			one, how, _ = strings.Cut(one, " ")
		}
		one = strings.TrimPrefix(one, "$.")
		switch {
		case one == "" || strings.HasPrefix(one, ".") || strings.HasSuffix(one, ".") || strings.Contains(one, ".."):
			return nil, "", fmt.Errorf("%q is not a path: write member names with dots between, like http.request.method", shorten(one))
		case strings.ContainsAny(one, " \t"):
			return nil, "", fmt.Errorf("%q is not a path: with several paths only the last has something behind it", shorten(one))
		case len(paths) == most || strings.Count(one, ".") > maxNesting/2:
			return nil, "", errors.New("these are too many")
		}
		paths = append(paths, one)
	}
	return paths, strings.TrimSpace(how), nil
}

func (j *jsonLines) read(m *Mapper, record []byte) error {
	q := &m.request
	if err := j.nested.read(record, m.text.escapes, &q.scratch); err != nil {
		return fmt.Errorf("not a JSON record: %w", err)
	}
	j.fill(q)
	q.setHeaders()
	clear(j.meant.text[:])
	for i, k := range j.at {
		if j.meant.text[k] == "" {
			j.meant.text[k] = j.nested.text[i]
		}
	}
	j.meant.text[meansHost] = or(j.meant.text[meansHost], q.host)
	j.meant.text[meansForwarded] = or(j.meant.text[meansForwarded], q.forwarded)
	return m.settleMeant(&j.meant)
}
