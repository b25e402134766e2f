package main

import (
	"fmt"
	"net/url"
)

// steps is a story of calls that need nothing from the answers before them.
func steps(calls ...call) *story {
	return &story{next: func([]byte) (call, bool) {
		if len(calls) == 0 {
			return call{}, false
		}
		next := calls[0]
		calls = calls[1:]
		return next, true
	}}
}

// after is a story that begins with a call and goes on with calls that its answer decides.
func after(first call, then func(answer []byte) []call) *story {
	asked, rest := false, (*story)(nil)
	return &story{next: func(last []byte) (call, bool) {
		if !asked {
			asked = true
			return first, true
		}
		if rest == nil {
			rest = steps(then(last)...)
		}
		return rest.next(last)
	}}
}

// who is one way in which somebody calls: where from, with what, as whom.
type who call

func (w who) does(method, format string, args ...any) call {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = url.PathEscape(s)
		}
	}
	k := call(w)
	k.method, k.path = method, fmt.Sprintf(format, args...)
	return k
}

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36"
	cli     = "cloud-cli/3.2.1 (linux; amd64)"
	forge   = "terraform-provider-demo/1.19.0"
)

// browser is a person at the console.
func browser(name string) who {
	from := map[string]string{"admin": "192.0.2.10", "alice": "192.0.2.11", "bob": "192.0.2.12", "carol": "192.0.2.13", "dave-audit": "192.0.2.14"}
	w := who{host: consoleHost, from: from[name], agent: chrome, session: name}
	if name == "alice" || name == "dave-audit" {
		w.agent = firefox
	}
	return w
}

// program is a caller of the API.
func program(name, from, agent string) who {
	return who{from: from, agent: agent, key: accounts()[name].key}
}

// signIn is a sign-in at the console; the session stays out of it.
func (w who) signIn(user, password string, mfa bool) call {
	w.session, w.user, w.password = "", user, password
	return w.does("POST", "/console/signin?mfa=%t", mfa)
}

// everyday is what happens in a cloud all the time, weighted: programs do most of it.
func (c *client) everyday() *story {
	switch n := c.random.IntN(100); {
	case n < 24:
		return c.watch()
	case n < 42:
		return c.deploy()
	case n < 54:
		return c.backup()
	case n < 66:
		return c.operate("bob")
	case n < 76:
		return c.operate("alice")
	case n < 84:
		return c.files("carol")
	case n < 90:
		return c.review("dave-audit")
	case n < 95:
		return c.people("alice")
	default:
		return c.mistakes()
	}
}

// watch: the monitoring looks at everything, and changes nothing.
func (c *client) watch() *story {
	w := program("monitor", "10.0.8.20", "monitor/2.8")
	return after(w.does("GET", "/v1/instances?page=1&status=Running"), func(b []byte) []call {
		return []call{w.does("GET", "/v1/instances/%s", c.pick(b, "i-gone")), w.does("GET", "/v1/databases"), w.does("GET", "/v1/disks")}
	})
}

// deploy: the continuous integration replaces an instance and uploads a release.
func (c *client) deploy() *story {
	w := program("ci-deployer", "10.0.4.7", forge)
	build := fmt.Sprintf("build-%d.tar.gz", 1000+c.random.IntN(9000))
	return after(w.does("POST", "/v1/instances?type=c7.large&zone=cn-hangzhou-h"), func(b []byte) []call {
		id := made(b, "i-gone")
		calls := []call{
			w.does("PUT", "/v1/buckets/release-artifacts/objects/web/%s", build),
			w.does("GET", "/v1/instances/%s", id),
			w.does("PATCH", "/v1/instances/%s?name=web", id),
			w.does("POST", "/v1/instances/%s/reboot", id),
		}
		if c.random.IntN(2) == 0 {
			calls = append(calls, w.does("POST", "/v1/instances/%s/stop", id), w.does("DELETE", "/v1/instances/%s", id))
		}
		return calls
	})
}

// backup: databases into buckets.
func (c *client) backup() *story {
	w := program("backup-agent", "10.0.5.3", "backup-agent/1.4 (+go)")
	return after(w.does("GET", "/v1/databases"), func(b []byte) []call {
		id := c.pick(b, "rm-gone")
		key := fmt.Sprintf("%s-%04d.xb", id, c.random.IntN(10000))
		return []call{
			w.does("POST", "/v1/databases/%s/backups", id),
			w.does("PUT", "/v1/buckets/invoices/objects/backup/%s", key),
			w.does("GET", "/v1/buckets/invoices/objects/backup/%s", key),
		}
	})
}

// operate: somebody signs in with a second factor and stops or starts an instance.
func (c *client) operate(name string) *story {
	w := browser(name)
	first := after(w.does("GET", "/v1/instances?page=1"), func(b []byte) []call {
		id := c.pick(b, "i-gone")
		verb := []string{"stop", "start", "reboot"}[c.random.IntN(3)]
		return []call{
			w.does("GET", "/v1/instances/%s", id), w.does("POST", "/v1/instances/%s/%s", id, verb),
			w.does("GET", "/v1/instances/%s", id), w.does("POST", "/console/signout"),
		}
	})
	signedIn := false
	return &story{next: func(last []byte) (call, bool) {
		if !signedIn {
			signedIn = true
			return w.signIn(name, "demo", accounts()[name].mfa), true
		}
		return first.next(last)
	}}
}

// files: somebody without a second factor works with buckets.
func (c *client) files(name string) *story {
	w := browser(name)
	bucket := fmt.Sprintf("project-%d", c.random.IntN(20))
	return steps(
		w.signIn(name, "demo", false), w.does("GET", "/v1/buckets"), w.does("PUT", "/v1/buckets/%s", bucket),
		w.does("PUT", "/v1/buckets/%s/objects/docs/plan %d.pdf", bucket, c.random.IntN(9)), // a space: 20 % of all trouble
		w.does("GET", "/v1/buckets/invoices/objects/2026/readme.txt"), w.does("POST", "/console/signout"),
	)
}

// review: the auditor reads, and is refused when trying to write.
func (c *client) review(name string) *story {
	w := browser(name)
	return steps(
		w.signIn(name, "demo", true), w.does("GET", "/v1/users"), w.does("GET", "/v1/policies"), w.does("GET", "/v1/trails"),
		w.does("DELETE", "/v1/buckets/web-static"), w.does("POST", "/console/signout"),
	)
}

// people: users come and go, keys are made and taken back.
func (c *client) people(name string) *story {
	w := browser(name)
	user := fmt.Sprintf("contractor-%d", 1+c.random.IntN(30))
	return after(w.does("POST", "/v1/users/%s", user), func([]byte) []call {
		return []call{
			w.does("PUT", "/v1/users/%s/policies/ReadOnlyAccess", user), w.does("POST", "/v1/users/%s/access-keys", user),
			w.does("GET", "/v1/users/%s", user), w.does("DELETE", "/v1/users/%s/policies/ReadOnlyAccess", user), w.does("DELETE", "/v1/users/%s", user),
		}
	})
}

// mistakes: what people get wrong every day.
func (c *client) mistakes() *story {
	return steps([][]call{
		{browser("bob").signIn("bob", "wrong", true), browser("bob").signIn("bob", "demo", false), browser("bob").signIn("bob", "demo", true)},
		{program("ci-deployer", "10.0.4.7", forge).does("DELETE", "/v1/databases/rm-000000000000")},
		{who{from: "10.0.9.9", agent: cli, key: "DEMOAK99EXPIRED00"}.does("GET", "/v1/instances")},
		{program("carol", "192.0.2.13", cli).does("GET", "/v1/buckets/invoices/objects/2025/none.txt")},
		{program("bob", "192.0.2.12", cli).does("GET", "/v1/quota/instances")}, // no such operation
	}[c.random.IntN(5)]...)
}
