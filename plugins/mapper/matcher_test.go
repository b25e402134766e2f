package mapper

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// restPatterns are those of an interface of n operations, and paths of requests for them.
func restPatterns(n int) (patterns, lines []string) {
	for i := 0; len(patterns) < n; i++ {
		one := fmt.Sprintf("/v1/%s-%d", []string{"orders", "users", "invoices", "volumes", "instances", "snapshots", "images", "keys"}[i%8], i/8)
		for _, p := range []string{"GET %s", "POST %s", "GET %s/{id}", "PUT %s/{id}", "DELETE %s/{id}", "POST %s/{id}:cancel", "GET %s/{id}/items/{item}", "GET %s/{id}/export.{format}", "POST %s/search", "GET %s/{id}/files/{path...}"} {
			patterns = append(patterns, fmt.Sprintf(p, one))
		}
	}
	patterns = patterns[:n]
	r := rand.New(rand.NewPCG(5, 6))
	for range 4096 {
		p := patterns[r.IntN(n)]
		lines = append(lines, strings.NewReplacer("{id}", fmt.Sprintf("i-%08x", r.Uint32()), "{item}", "4711", "{format}", "csv", "{path...}", "a/b/c.txt").Replace(p))
	}
	return patterns, lines
}

type matchRequest struct {
	q        request
	segments []string
}

func matchRequests(lines []string) []matchRequest {
	var all []matchRequest
	for _, line := range lines {
		var q request
		q.setRequestLine(line + " HTTP/1.1")
		var p path
		p.split(q.path)
		all = append(all, matchRequest{q, p.segments})
	}
	return all
}

// Each of many routes takes the requests that are made for it.
func TestManyRoutes(t *testing.T) {
	patterns, lines := restPatterns(10_000)
	tr := trieOf(t, patterns...)
	for i, r := range matchRequests(lines) {
		found := tr.find(&r.q, r.segments)
		if found == nil || !strings.HasPrefix(lines[i], strings.NewReplacer("{id}", "", "{item}", "").Replace(found.Pattern.text)[:12]) {
			t.Fatalf("%s takes %v", lines[i], found)
		}
	}
}

// visits counts the nodes that a search comes to.
func visits(n *node, rest []string) int {
	count := 1
	if len(rest) == 0 {
		return count
	}
	if next := n.literals.find(rest[0]); next != nil {
		count += visits(next, rest[1:])
	}
	if n.mixed != nil {
		for _, c := range n.mixed.written {
			if _, ok := c.mixed.part(rest[0], -1); ok {
				count += visits(c.node, rest[1:])
			}
		}
	}
	if n.param != nil {
		count += visits(n.param, rest[1:])
	}
	return count
}

// A search comes to as many nodes with 10,000 routes as with 10.
func TestSearchDoesNotGrowWithRoutes(t *testing.T) {
	most := map[int]int{}
	for _, n := range []int{10, 10_000} {
		patterns, lines := restPatterns(n)
		tr := trieOf(t, patterns...)
		for _, r := range matchRequests(lines) {
			most[n] = max(most[n], visits(&tr.root, r.segments))
		}
	}
	if most[10] != most[10_000] || most[10] > 10 {
		t.Errorf("nodes visited, by routes: %v", most)
	}
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			patterns, lines := restPatterns(n)
			benchMatch(b, trieOf(b, patterns...), lines)
		})
	}
	// What clients could send to make a search long.
	same, one := strings.Repeat("/a", 10), "/z"
	worst := map[string][]string{"backtracking": {}, "mixed": {}, "actions": {}, "long": {"GET /" + strings.Repeat("a", 8000)}}
	for i := range 1 << 10 { // all of literal and parameter at ten depths: as bad as rules can be
		var p strings.Builder
		for k := range 10 {
			if i>>k&1 == 0 {
				p.WriteString("/a")
			} else {
				fmt.Fprintf(&p, "/{p%d}", k)
			}
		}
		worst["backtracking"] = append(worst["backtracking"], "GET "+p.String()+"/end")
		worst["mixed"] = append(worst["mixed"], fmt.Sprintf("POST /r/{id}:verb%d", i))
		worst["actions"] = append(worst["actions"], fmt.Sprintf("POST /?Action=Verb%d", i))
	}
	worst["long"] = append(worst["mixed"], "GET /r/{a}-{b}-{c}-{d}")
	for name, line := range map[string]string{
		"backtracking": "GET " + same + one, "mixed": "POST /r/17:verb1000", "actions": "POST /?Version=1&Action=Verb1000", "long": "GET /r/" + strings.Repeat("-", 8000),
	} {
		b.Run(name, func(b *testing.B) { benchMatch(b, trieOf(b, worst[name]...), []string{line}) })
	}
}

func benchMatch(b *testing.B, tr *trie, lines []string) {
	all := matchRequests(lines)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		r := &all[i%len(all)]
		tr.find(&r.q, r.segments)
		i++
	}
}
