package config

import (
	"net/netip"
	"net/url"
	"slices"
)

// Webhook is who is told of each object that a trail delivers.
type Webhook struct {
	URL        string
	SecretFile string // "": what is sent is not signed
}

// Host is the receiver, without what may be secret in its address.
func (w *Webhook) Host() string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return ""
	}
	return u.Host
}

func (r *reader) notify(b *trailBlock) []Webhook {
	var all []Webhook
	for i := range b.Notify {
		n := &b.Notify[i]
		switch n.Kind {
		case "webhook":
		case "nats", "sns", "mns":
			r.later(n.Range, "notify "+n.Kind, `use notify "webhook"`)
			continue
		default:
			r.wrong(n.Range, suggest(n.Kind, []string{"webhook"}), "unknown kind of notification %q", n.Kind)
			continue
		}
		var body webhookBody
		r.decode(n.Body, n.Range, &body)
		w := Webhook{URL: r.text(body.URL, ""), SecretFile: r.file(body.SecretFile)}
		if slices.ContainsFunc(all, func(o Webhook) bool { return o.URL == w.URL }) {
			r.wrong(n.Range, "keep one", "trail %q tells one receiver twice", b.Name)
		}
		if given(body.URL) && !r.toldAt(body.URL.Range()) {
			r.receiver(&body, w.URL)
		}
		all = append(all, w)
	}
	return all
}

// receiver checks the address of who is told.
func (r *reader) receiver(body *webhookBody, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "", u.Fragment != "":
		r.wrong(body.URL.Range(), `write "https://hooks.example.com/audit"`, "it is not the address of a receiver")
	case u.User != nil:
		r.wrong(body.URL.Range(), "use secret_file: what is sent is signed with it", "the address of %s holds a password", u.Host)
	case u.Scheme == "http" && !here(u.Hostname()) && !r.truth(body.Insecure):
		r.wrong(body.URL.Range(), "write https://, or insecure = true if the network is your own", "notifications would go to %s in the clear", u.Host)
	}
}

// here tells whether a host is this machine.
func here(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
