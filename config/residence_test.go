package config

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/actiontrail/actiontrail/event"
)

// residing is a trail with deliveries of these lines each.
func residing(trail string, deliveries ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "trail \"t\" {\n%s\n", trail)
	for i, lines := range deliveries {
		fmt.Fprintf(&b, " deliver \"file\" {\n  name = \"d%d\"\n  path = \"./d%d\"\n  %s\n }\n", i, i, lines)
	}
	return b.String() + "}\naccount \"team\" { id = \"22\" }\naccount \"prod\" { id = \"11\" }\n"
}

// Each event goes to the delivery that its region or account is of, and to no other one.
func TestDeliveriesTakeTheirPart(t *testing.T) {
	for _, c := range []struct {
		name, text string
		where      []string
		taken      map[string]string // region/account: the deliveries that take it
	}{
		{"regions, and a rest", residing("residence = true\nwhere = \"eventRW: Write\"", `regions = ["cn-*"]`, `regions = ["eu-central-1", "eu-west-1"]`, `rest = true`),
			[]string{`eventRW: Write and acsRegion: cn-*`, `eventRW: Write and acsRegion: (eu-central-1 or eu-west-1)`, `eventRW: Write and not acsRegion: (cn-* or eu-central-1 or eu-west-1)`},
			map[string]string{"cn-hangzhou/11": "d0", "cn-/": "d0", "eu-west-1/22": "d1", "eu-west-12/": "d2", "CN-hangzhou/": "d2", "/": "d2"}},
		{"accounts, nowhere else", residing("residence = true\nrest = \"nowhere\"", `accounts = ["prod"]`, `accounts = ["team", "33*"]`),
			[]string{`recipientAccountId: 11`, `recipientAccountId: (22 or 33*)`}, map[string]string{"x/11": "d0", "x/22": "d1", "/3344": "d1", "x/44": "", "x/": ""}},
		{"both", residing("residence = true", "regions = [\"cn-*\"]\n accounts = [\"prod\"]", "regions = [\"cn-*\"]\n accounts = [\"team\"]", `rest = true`), nil,
			map[string]string{"cn-a/11": "d0", "cn-a/22": "d1", "cn-a/33": "d2", "eu/11": "d2"}},
		{"no residence", residing("", `regions = ["cn-*"]`, `regions = ["cn-hangzhou"]`, ``, `regions = ["*"]`), nil,
			map[string]string{"cn-hangzhou/": "d0 d1 d2 d3", "cn-x/": "d0 d2 d3", "/": "d2 d3"}},
	} {
		trail := mustLoad(t, c.text).Trails[0]
		for i, want := range c.where {
			if got := trail.Deliver[i].Where; got != want {
				t.Errorf("%s: delivery %d takes %s, want %s", c.name, i, got, want)
			}
		}
		for at, want := range c.taken {
			region, account, _ := strings.Cut(at, "/")
			e := event.Event{RW: event.Write, Region: region, RecipientAccountID: account}
			var got []string
			for i := range trail.Deliver {
				if f := trail.Deliver[i].Filter; f == nil || f.Match(&e) {
					got = append(got, trail.Deliver[i].Name)
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s: an event of %s goes to %q, want %q", c.name, at, got, want)
			}
		}
	}
}

func TestResidenceMistakes(t *testing.T) {
	const keeps, nowhere = "residence = true", "residence = true\nrest = \"nowhere\""
	for text, want := range map[string]string{
		residing(nowhere, `regions = ["cn-*"]`, `regions = ["eu-*", "cn-hangzhou"]`):                              `.hcl:9:2: deliveries "d0" and "d1" of trail "t" both take events of region "cn-hangzhou"`,
		residing(nowhere, `regions = ["cn-*"]`, `regions = ["*-hangzhou"]`):                                       `both take events of region "cn-hangzhou"`,
		residing(nowhere, `regions = ["cn-*"]`, `accounts = ["prod"]`):                                            `both take events of region "cn-*" of account "11"`,
		residing(nowhere, `accounts = ["prod"]`, `accounts = ["11"]`):                                             `both take events of account "11"`,
		residing(nowhere, "regions = [\"a\"]\n accounts = [\"1*\"]", "regions = [\"a\"]\n accounts = [\"prod\"]"): `both take events of region "a" of account "11"`,
		residing(nowhere, `regions = ["cn-*"]`, ``):                                                               `.hcl:9:2: delivery "d1" of trail "t", which keeps residence, takes every event`,
		residing(nowhere, `regions = ["*"]`):                                                                      "takes every event",
		residing(keeps, `regions = ["cn-*"]`):                                                                     `does not say where events go that none of its deliveries takes`,
		residing(nowhere, `regions = ["cn-*"]`, `rest = true`):                                                    `the rest goes to delivery "d1"`,
		residing(keeps, `regions = ["a"]`, `rest = true`, `rest = true`):                                          "two deliveries of trail",
		residing(keeps, "regions = [\"a\"]\n rest = true"):                                                        "leave out regions and accounts, or rest",
		residing(keeps, `rest = true`):                                                                            "there is no rest",
		residing("", ``, `rest = true`):                                                                           `there is no rest: delivery "d0" at`,
		residing("rest = \"nowhere\"", `regions = ["a"]`):                                                         "rest is for trails that keep residence",
		residing("residence = true\nrest = \"elsewhere\"", `regions = ["a"]`):                                     `"nowhere"`,
		residing("", `regions = []`):                                                                              "no region is named",
		residing("", `regions = [""]`):                                                                            "a region has a name",
		residing("", `accounts = ["a* b"]`):                                                                       `"a* b" is no pattern`,
		residing("account = \"prod\"", `accounts = ["team"]`):                                                     `a trail of account "prod" sees no events of account "team"`,
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ".hcl:") {
			t.Errorf("%s\nis refused with %v, want %s", text, err, want)
		}
	}
}

// What a delivery takes is part of what it is; one that takes all is as it was before there were parts.
func TestPartsChangeTheHash(t *testing.T) {
	hashes := map[string]string{}
	for _, lines := range []string{"", `regions = ["*"]`, `regions = ["a"]`, `regions = ["b"]`, `accounts = ["a"]`} {
		hashes[lines] = mustLoad(t, residing("", lines)).Trails[0].Deliver[0].Hash
	}
	if hashes[""] != hashes[`regions = ["*"]`] || hashes[""] == hashes[`regions = ["a"]`] || hashes[`regions = ["a"]`] == hashes[`regions = ["b"]`] || hashes[`accounts = ["a"]`] == hashes[`regions = ["a"]`] {
		t.Errorf("hashes are %v", hashes)
	}
	one, other := mustLoad(t, residing("", `regions = ["a"]`, `rest = true`)), mustLoad(t, residing("", `regions = ["b"]`, `rest = true`))
	if one.Trails[0].Deliver[1].Hash == other.Trails[0].Deliver[1].Hash {
		t.Error("another part of one delivery leaves the rest as it is")
	}
}

// The proof that patterns have nothing in common is right, and its example fits both.
func TestOverlap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pattern := func() string {
		b := make([]byte, 1+random.IntN(5))
		for i := range b {
			b[i] = "ab*"[random.IntN(3)]
		}
		return string(b)
	}
	fits := func(p, s string) bool {
		return regexp.MustCompile("^" + strings.ReplaceAll(p, "*", ".*") + "$").MatchString(s)
	}
	var texts []string // all of a and b up to 7 letters
	for n := range 8 {
		for bits := range 1 << n {
			b := make([]byte, n)
			for i := range b {
				b[i] = "ab"[bits>>i&1]
			}
			texts = append(texts, string(b))
		}
	}
	overlaps := 0
	for range 2000 {
		p, q := pattern(), pattern()
		if strings.Trim(p, "*") == "" || strings.Trim(q, "*") == "" {
			continue
		}
		value, both := overlap(p, q)
		if both && (!fits(p, value) || !fits(q, value)) {
			t.Fatalf("%q does not fit %q and %q", value, p, q)
		}
		if both {
			overlaps++
			continue
		}
		for _, s := range texts {
			if fits(p, s) && fits(q, s) {
				t.Fatalf("%q and %q have %q in common", p, q, s)
			}
		}
	}
	if overlaps < 200 {
		t.Errorf("only %d overlap", overlaps)
	}
}
