package config

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Kinds of notifications.
const (
	NotifyWebhook = "webhook"
	NotifyNATS    = "nats"
	NotifySNS     = "sns"
	NotifyMNS     = "mns"
)

// Notify is who is told of each object that a trail delivers.
type Notify struct {
	Kind       string
	URL        string // of all but nats
	SecretFile string // "": what is sent has no HMAC

	Subject     string // of nats
	Server      string // of nats; "": the one that batches go through
	Credentials string // for Server

	TopicARN       string // of sns
	Owner, Topic   string // of mns
	KeyFile        string // of sns and mns: what they are signed with
	CertificateURL string
}

// Host is the receiver without what may be secret in its address.
func (n *Notify) Host() string {
	u, err := url.Parse(cmp.Or(n.URL, n.Server))
	if err != nil {
		return ""
	}
	if n.Kind == NotifyNATS {
		return strings.TrimPrefix(u.Host+"/"+n.Subject, "/")
	}
	return u.Host
}

// where tells receivers from one another.
func (n *Notify) where() string {
	switch n.Kind {
	case NotifyWebhook:
		return n.URL
	case NotifyNATS:
		return n.Kind + " " + n.Server + " " + n.Subject
	}
	return n.Kind + " " + n.URL + " " + n.TopicARN + n.Topic
}

// Key is what the file with how far it was told is named by.
func (n *Notify) Key() string { return n.where() }

// notify reads who is told of what the trail delivers.
func (r *reader) notify(b *trailBlock) []Notify {
	var all []Notify
	for i := range b.Notify {
		block := &b.Notify[i]
		n := Notify{Kind: block.Kind}
		var body *webhookBody
		switch block.Kind {
		case NotifyWebhook:
			body = &webhookBody{}
			r.decode(block.Body, block.Range, body)
		case NotifyNATS:
			r.notifyNATS(block, &n)
		case NotifySNS:
			var own snsBody
			r.decode(block.Body, block.Range, &own)
			n.TopicARN = r.text(own.TopicARN, "")
			if given(own.TopicARN) && !r.toldAt(own.TopicARN.Range()) && (strings.Count(n.TopicARN, ":") != 5 || !strings.HasPrefix(n.TopicARN, "arn:")) {
				r.wrong(own.TopicARN.Range(), `write "arn:aws:sns:us-east-1:123456789012:audit"`, "%q is not the ARN of a topic", n.TopicARN)
			}
			r.signed(&n, own.KeyFile, own.CertificateURL)
			body = &webhookBody{own.URL, own.SecretFile, own.Insecure}
		case NotifyMNS:
			var own mnsBody
			r.decode(block.Body, block.Range, &own)
			n.Owner, n.Topic = r.text(own.Owner, ""), r.text(own.Topic, "")
			r.signed(&n, own.KeyFile, own.CertificateURL)
			body = &webhookBody{own.URL, own.SecretFile, own.Insecure}
		default:
			r.wrong(block.Range, suggest(block.Kind, []string{NotifyWebhook, NotifyNATS, NotifySNS, NotifyMNS}), "unknown kind of notification %q", block.Kind)
			continue
		}
		if body != nil {
			n.URL, n.SecretFile = r.text(body.URL, ""), r.file(body.SecretFile)
			if given(body.URL) && !r.toldAt(body.URL.Range()) {
				r.receiver(body, n.URL)
			}
		}
		if slices.ContainsFunc(all, func(o Notify) bool { return o.where() == n.where() }) {
			r.wrong(block.Range, "keep one", "trail %q tells one receiver twice", b.Name)
		}
		if (n.Kind == NotifySNS || n.Kind == NotifyMNS) && !slices.ContainsFunc(b.Deliver, func(d deliverBlock) bool { return d.Kind == "s3" || d.Kind == "oss" }) {
			r.wrong(block.Range, `add a deliver "s3" or deliver "oss" block, or use notify "webhook"`, "notify %q tells of objects in a store, and trail %q delivers into none", n.Kind, b.Name)
		}
		all = append(all, n)
	}
	return all
}

func (r *reader) notifyNATS(block *notifyBlock, n *Notify) {
	var own natsNotifyBody
	r.decode(block.Body, block.Range, &own)
	n.Subject, n.Server, n.Credentials = r.text(own.Subject, ""), r.text(own.Server, ""), r.file(own.Credentials)
	first, _, _ := strings.Cut(n.Subject, ".")
	switch {
	case !given(own.Subject) || r.toldAt(own.Subject.Range()):
	case n.Subject == "" || strings.ContainsAny(n.Subject, " \t\r\n*>") || strings.HasPrefix(n.Subject, ".") || strings.HasSuffix(n.Subject, ".") || strings.Contains(n.Subject, ".."):
		r.wrong(own.Subject.Range(), `write "audit.objects"`, "%q is not one subject of NATS", n.Subject)
	case slices.Contains([]string{"events", "agents", "recover"}, first) || strings.HasPrefix(first, "$") || strings.HasPrefix(first, "_INBOX"):
		r.wrong(own.Subject.Range(), `write "audit.objects"`, "the subjects %s. are in use", first)
	}
	if u, err := url.Parse(n.Server); n.Server != "" && (err != nil || u.Host == "" || u.User != nil || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme)) {
		r.wrong(own.Server.Range(), `write "tls://nats.example.com:4222", and what proves who asks in credentials`, "it is not the address of a NATS server")
	}
	if n.Credentials != "" && n.Server == "" {
		r.wrong(own.Credentials.Range(), "name the server, or leave credentials out", "credentials are for a server of its own")
	}
}

// signed reads what a notification in the form of a cloud is signed with.
func (r *reader) signed(n *Notify, key, certificate hcl.Expression) {
	n.KeyFile, n.CertificateURL = r.file(key), r.text(certificate, "")
	if !given(certificate) || r.toldAt(certificate.Range()) {
		return
	}
	if u, err := url.Parse(n.CertificateURL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		r.wrong(certificate.Range(), `write "https://audit.example.com/notify.pem"`, "receivers get the certificate over https")
	}
}

// receiver checks the address. What it holds besides the host may be secret, and is not repeated.
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
