package render

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/actiontrail/actiontrail/event"
)

// address is text as an IP address that every receiver takes: none with a zone.
func address(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a, err == nil && a.Zone() == ""
}

// host is the host that an eventSource names: a sign-in's may be a URL.
func host(source string) string {
	if _, rest, ok := strings.Cut(source, "://"); ok {
		source = rest
	}
	if i := strings.IndexAny(source, "/?#"); i >= 0 {
		source = source[:i]
	}
	if i := strings.LastIndexByte(source, ':'); i >= 0 && strings.IndexByte(source, ':') == i {
		source = source[:i]
	}
	if !hostname(source) {
		return ""
	}
	return source
}

// hostname tells whether text has the form of a name in DNS.
func hostname(text string) bool {
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

// provider is a cloud whose own events these are: its name in the Elastic Common Schema and in OCSF.
type provider struct{ short, name string }

// providers are those that the host of eventSource tells. Never changed.
var providers = []struct {
	domain string
	provider
}{
	{"amazonaws.com", provider{"aws", "AWS"}}, {"amazonaws.com.cn", provider{"aws", "AWS"}},
	{"aliyuncs.com", provider{"alibaba_cloud", "Alibaba Cloud"}}, {"aliyun.com", provider{"alibaba_cloud", "Alibaba Cloud"}},
	{"googleapis.com", provider{"gcp", "GCP"}},
}

// providerOf is the cloud behind a host; the zero provider of one's own.
func providerOf(host string) provider {
	for _, p := range providers {
		if before, ok := strings.CutSuffix(host, p.domain); ok && (before == "" || strings.HasSuffix(before, ".")) {
			return p.provider
		}
	}
	return provider{}
}

// summary is the event in one sentence: alice: Shop DeleteOrder ord-1, failed: 403.
func summary(e *event.Event) string {
	var b strings.Builder
	if who := either(e.Identity.UserName, either(e.Identity.PrincipalID, e.Identity.Type)); who != "" {
		b.WriteString(who + ": ")
	}
	words := slices.DeleteFunc([]string{e.Service, e.Name, e.ResourceName}, func(s string) bool { return s == "" })
	b.WriteString(strings.Join(words, " "))
	if e.ErrorCode != "" {
		b.WriteString(", failed: " + e.ErrorCode)
	}
	return b.String()
}

// ofLoss tells whether the event is actiontrail's own and says that something went wrong with the trail itself.
func ofLoss(e *event.Event) bool {
	return e.Service == "Actiontrail" && e.ErrorCode != "" && e.Type == event.TypeServiceEvent
}

// users are the names by which who acted, or was tried, can be found: sorted, each once.
func users(e *event.Event) []string {
	all := []string{e.Identity.UserName, e.Identity.PrincipalID}
	if e.Identity.SessionIssuer != "" {
		m := e.Identity.SessionIssuer.Map()
		for _, name := range []string{"userName", "principalId"} {
			s, _ := m[name].(string)
			all = append(all, s)
		}
	}
	if e.Type == event.TypeConsoleSignin {
		s, _ := e.Additional.Map()["loginAccount"].(string)
		all = append(all, s)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return s == "" })
}
