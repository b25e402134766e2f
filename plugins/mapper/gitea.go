package mapper

import (
	"errors"
	"fmt"
	"strings"
)

// gitea reads Gitea's (and Forgejo's) access log in its default template:
//
//	host - identity [02/Jan/2006:15:04:05 -0700] "method uri protocol" status size "referer" "agent"
//
// Nothing in it is escaped, so the agent is what is left at the end. The identity is
// whom Gitea has signed in, or nobody: then it is "-".
func gitea(opt *Options) (reader, error) { return fixed((*Mapper).readGitea)(opt) }

func (m *Mapper) readGitea(record []byte) error {
	q := &m.request
	who, stamp, rest, ok := cutStamp(view(record))
	if !ok {
		return notGitea("time")
	}
	host, user, ok := strings.Cut(who, " - ")
	if !ok || host == "" {
		return notGitea("address")
	}
	q.peer, q.user, q.checked.user = dash(host), dash(user), true
	var err error
	if q.time, err = m.clock.local(stamp); err != nil {
		return fmt.Errorf("access log of Gitea: %w", err)
	}
	request, rest, ok := cutStatus(rest)
	if !ok {
		return notGitea("status")
	}
	q.setRequestLine(strings.Trim(request, `"`))
	if q.status, ok = status(rest[:3]); !ok {
		return notGitea("status")
	}
	size, rest, ok := cut(rest[4:], ' ')
	if !ok {
		return notGitea("size")
	}
	q.setSize(size)
	referer, agent, ok := strings.Cut(rest, `" "`)
	if !ok || !strings.HasPrefix(referer, `"`) || !strings.HasSuffix(agent, `"`) {
		return notGitea("user agent")
	}
	// The template writes the quotes, and what is quoted stands in others once more: "\"x\"".
	q.referer, q.userAgent = dash(strings.Trim(referer[1:], `\"`)), dash(strings.Trim(agent[:len(agent)-1], `\"`))
	q.upstream = "Gitea"
	return nil
}

func notGitea(what string) error {
	return errors.New("not in the access log of Gitea: its " + what + " is missing or wrong")
}
