package main

import "fmt"

// incident is one of the things an audit trail is for.
func (c *client) incident(n int) *story {
	switch n % 3 {
	case 0:
		return c.bruteForce()
	case 1:
		return c.stolenKey()
	default:
		return c.scan()
	}
}

// bruteForce: passwords are tried until the administrator's, who has no second
// factor, fits. The intruder makes a way back, and then sees to the traces.
func (c *client) bruteForce() *story {
	w := who{host: consoleHost, from: "203.0.113.77", agent: chrome}
	var calls []call
	for i := range 25 {
		name := []string{"root", "admin", "administrator", "alice", "admin"}[i%5]
		calls = append(calls, w.signIn(name, fmt.Sprintf("guess-%d", i), false))
	}
	calls = append(calls, w.signIn("admin", "demo", false))
	w.session = "admin"
	calls = append(calls,
		w.does("GET", "/v1/users"),
		w.does("POST", "/v1/users/support-tmp"),
		w.does("PUT", "/v1/users/support-tmp/policies/AdministratorAccess"),
		w.does("POST", "/v1/users/support-tmp/access-keys"),
		w.does("POST", "/v1/trails/all-regions/stop"),
		w.does("DELETE", "/v1/trails/all-regions"),
		w.does("DELETE", "/v1/buckets/audit-archive"),
	)
	// The morning after.
	alice := browser("alice")
	calls = append(calls,
		alice.signIn("alice", "demo", true),
		alice.does("DELETE", "/v1/users/support-tmp"),
		alice.does("PUT", "/v1/buckets/audit-archive"),
		alice.does("POST", "/v1/trails/all-regions"),
	)
	return steps(calls...)
}

// stolenKey: the key of the continuous integration, from an address where none runs.
func (c *client) stolenKey() *story {
	w := program("ci-deployer", "198.51.100.23", "python-requests/2.32")
	return after(w.does("GET", "/v1/instances"), func(b []byte) []call {
		calls := []call{
			w.does("GET", "/v1/users"), // not allowed: the first thing an intruder learns
			w.does("POST", "/v1/users/ci-deployer/access-keys"),
			w.does("GET", "/v1/buckets"),
			w.does("GET", "/v1/buckets/release-artifacts/objects/config/secrets.env"),
			w.does("GET", "/v1/buckets/invoices/objects/2026/readme.txt"),
			w.does("PUT", "/v1/security-groups/sg-0/rules/tcp-22?cidr=0.0.0.0%%2F0"),
		}
		for range 8 {
			calls = append(calls, w.does("POST", "/v1/instances?type=gn7.16xlarge"))
		}
		return append(calls, w.does("DELETE", "/v1/instances/%s", c.pick(b, "i-gone")))
	})
}

// scan: somebody looks for doors that are not there.
func (c *client) scan() *story {
	w := who{from: "203.0.113.200", agent: "zgrab/0.x"}
	var calls []call
	for _, path := range []string{"/.env", "/wp-login.php", "/admin", "/.git/config", "/v1/../../etc/passwd", "/console/../metrics", "/api/v2/users/1", "/api/v2/users/2"} {
		k := call(w)
		k.method, k.path = "GET", path
		calls = append(calls, k)
	}
	return steps(calls...)
}
