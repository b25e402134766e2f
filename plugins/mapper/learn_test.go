package mapper

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/actiontrail/actiontrail/event"
)

// learn gives a Learner requests, one a line: method, path and how often.
func learn(requests string) []Proposal {
	var l Learner
	for line := range strings.Lines(requests) {
		f := strings.Fields(line)
		if len(f) != 2 {
			continue
		}
		path, query, _ := strings.Cut(f[1], "?")
		l.Add(f[0], path, query)
	}
	return l.Propose()
}

func lines(all []Proposal) string {
	var b strings.Builder
	for _, p := range all {
		if p.Ignore {
			fmt.Fprintf(&b, "%d %s: ignore\n", p.Count, p.Pattern)
			continue
		}
		fmt.Fprintf(&b, "%d %s: %s.%s", p.Count, p.Pattern, p.Service, p.Action)
		if p.RW != "" {
			b.WriteString(" " + p.RW)
		}
		if p.ResourceName != "" {
			fmt.Fprintf(&b, " %s=%s", p.ResourceType, p.ResourceName)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestLearn(t *testing.T) {
	for _, c := range []struct{ name, requests, want string }{
		{"a collection and its items", `
GET /v1/orders
POST /v1/orders
GET /v1/orders/17
GET /v1/orders/18
PATCH /v1/orders/18
DELETE /v1/orders/c0ffee00-1111-4222-8333-444455556666
`, `
1 GET /v1/orders: Orders.ListOrders
1 POST /v1/orders: Orders.CreateOrder
2 GET /v1/orders/{order}: Orders.GetOrder Orders::Order=order
1 PATCH /v1/orders/{order}: Orders.UpdateOrder Orders::Order=order
1 DELETE /v1/orders/{order}: Orders.DeleteOrder Orders::Order=order
`},
		{"names behind a plural are values", `
GET /users/alice
GET /users/bob
GET /users/me
`, `
1 GET /users/me: Users.GetCurrentUser
2 GET /users/{user}: Users.GetUser Users::User=user
`},
		{"operations of items and collections", `
POST /v1/instances/i-1/stop
PUT /v1/security-groups/sg-1/rules/r-2
PATCH /v1/security-groups/sg-1/rules/r-2
POST /v1/orders/search
POST /v1/orders/17/items
GET /v1/orders/17/status
`, `
1 POST /v1/instances/{instance}/stop: Instances.StopInstance Instances::Instance=instance
1 POST /v1/orders/search: Orders.SearchOrders Read
1 POST /v1/orders/{order}/items: Orders.CreateOrderItem Orders::Order=order
1 GET /v1/orders/{order}/status: Orders.GetOrderStatus Orders::Order=order
1 PUT /v1/security-groups/{security_group}/rules/{rule}: SecurityGroups.ReplaceRule SecurityGroups::Rule=rule
1 PATCH /v1/security-groups/{security_group}/rules/{rule}: SecurityGroups.UpdateRule SecurityGroups::Rule=rule
`},
		{"an API in RPC style", `
GET /?Action=DescribeInstances&Version=2014-05-26
POST /?Action=StopInstance
POST /?Action=DescribeDisks
`, `
1 POST /?Action=DescribeDisks: http.DescribeDisks Read
1 GET /?Action=DescribeInstances: http.DescribeInstances
1 POST /?Action=StopInstance: http.StopInstance
`},
		{"probes and files", `
GET /healthz
GET /assets/app.3f2a.js
GET /assets/logo.png
POST /login
`, `
2 GET /assets/{path...}: ignore
1 GET /healthz: ignore
1 POST /login: Login.Login
`},
		{"what is no request", "- /x\nget /y\nGET  \n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(strings.TrimSpace(c.want), strings.TrimSpace(lines(learn(c.requests)))); d != "" {
				t.Error(d)
			}
		})
	}
}

// Too many words in one place are values, whatever stands before them.
func TestLearnByCardinality(t *testing.T) {
	var l Learner
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			l.Add("GET", fmt.Sprintf("/wiki/page%c%c/history", a, b), "")
		}
	}
	want := "676 GET /wiki/{wiki}/history: Wiki.GetWikiHistory Wiki::Wiki=wiki\n"
	if d := cmp.Diff(want, lines(l.Propose())); d != "" {
		t.Error(d)
	}
}

// FuzzLearn holds that every proposal is a pattern that takes the request it was made of.
func FuzzLearn(f *testing.F) {
	f.Add("GET /v1/orders/17\nPOST /a/b/c?Action=X")
	f.Add("GET //../%2F/{x}/a{b}\nPUT /" + strings.Repeat("a/", 80))
	f.Fuzz(func(t *testing.T, requests string) {
		rules := Rules{Name: "learned"}
		for _, p := range learn(requests) {
			pattern, err := ParsePattern(p.Pattern)
			if err != nil {
				t.Fatalf("%q: %v", p.Pattern, err)
			}
			if shape, err := p.Check(); err != nil || shape != pattern.Shape() {
				t.Errorf("%+v: %q, %v", p, shape, err)
			}
			if p.Count == 0 || !p.Ignore && (p.Action == "" || p.Service == "") {
				t.Errorf("%+v lacks something", p)
			}
			rules.Routes = append(rules.Routes, Route{Pattern: pattern})
		}
		if _, err := rules.compile(); err != nil {
			t.Errorf("of %q: %v", requests, err)
		}
	})
}

// What another made need not be a route.
func TestProposalCheck(t *testing.T) {
	good := Proposal{Pattern: "GET /orders/{order}", Service: "Orders", Action: "GetOrder", RW: event.Read, ResourceType: "Orders::Order", ResourceName: "order", Count: 1}
	for name, change := range map[string]func(*Proposal){
		"the pattern":   func(p *Proposal) { p.Pattern = "GET orders" },
		"an order more": func(p *Proposal) { p.Pattern = "GET /orders/{order}\n}" },
		"rw":            func(p *Proposal) { p.RW = "Maybe" },
		"no action":     func(p *Proposal) { p.Action = "" },
		"no service":    func(p *Proposal) { p.Service = "" },
		"the resource":  func(p *Proposal) { p.ResourceName = "order }\n evil {" },
	} {
		p := good
		if _, err := p.Check(); err != nil {
			t.Fatal(err)
		}
		change(&p)
		if _, err := p.Check(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// What is learned of a log of made-up paths is bounded, however long it is.
func TestLearnOfAnEndlessLog(t *testing.T) {
	t.Parallel()
	var l Learner
	word := func(n int) string {
		return "w" + strings.Map(func(c rune) rune { return 'a' + c - '0' }, fmt.Sprint(n))
	}
	for i := range 300_000 {
		l.Add("GET", fmt.Sprintf("/%s/%s/%s", word(i%200), word(i/200%200), word(i/40_000)), "Action=Do"+word(i))
	}
	if n := l.root.size(); n > 4*maxKnown {
		t.Errorf("%d places and endings are kept", n)
	}
	if len(l.Propose()) == 0 {
		t.Error("nothing is proposed")
	}
}

// size is how many places and endings there are from here on.
func (n *learned) size() int {
	if n == nil {
		return 0
	}
	all := 1 + len(n.ends) + n.param.size() + n.tail.size() + n.files.size()
	for _, w := range n.words {
		all += w.size()
	}
	return all
}
