package config

import (
	"net"

	"github.com/hashicorp/hcl/v2"

	"github.com/actiontrail/actiontrail/event/render"
)

// SyslogDelivery sends the events of a trail as messages of syslog.
type SyslogDelivery struct {
	Trail       string
	Address     string // host:port
	Secure      bool   // there is a tls block
	TLS         TLS
	Name        string // that the receiver's certificate has; "": the host of Address
	Format      string // of event/render
	Facility    string
	Severity    string // "": by the event
	AppName     string
	Hostname    string // "": that of the machine
	SDID        string
	BOM         bool
	MaxBytes    int64  // of a message
	Acknowledge string // close or sent
}

// Defaults of deliver "syslog".
const (
	DefaultSyslogFacility = "audit"
	DefaultSyslogAppName  = "actiontrail"
	DefaultSyslogSDID     = "actiontrail@32473"
	DefaultSyslogMaxBytes = 64 << 10
)

type syslogDeliveryBody struct {
	Address     hcl.Expression `hcl:"address,attr"`
	ServerName  hcl.Expression `hcl:"server_name,optional"`
	Format      hcl.Expression `hcl:"format,optional"`
	Facility    hcl.Expression `hcl:"facility,optional"`
	Severity    hcl.Expression `hcl:"severity,optional"`
	AppName     hcl.Expression `hcl:"app_name,optional"`
	Hostname    hcl.Expression `hcl:"hostname,optional"`
	SDID        hcl.Expression `hcl:"sd_id,optional"`
	BOM         hcl.Expression `hcl:"bom,optional"`
	MaxBytes    hcl.Expression `hcl:"max_bytes,optional"`
	Acknowledge hcl.Expression `hcl:"acknowledge,optional"`
	Insecure    hcl.Expression `hcl:"insecure,optional"`
	TLS         []tlsBlock     `hcl:"tls,block"`
}

func syslogFacilities() []string {
	return []string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit", "alert", "clock",
		"local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}
}

func syslogDestination(r *reader, b *deliverBlock) Destination {
	var body syslogDeliveryBody
	r.decode(b.Body, b.Range, &body)
	d := &SyslogDelivery{
		Trail: b.trail, Address: r.text(body.Address, ""), Name: r.text(body.ServerName, ""), Format: r.form(body.Format, render.Canonical),
		Facility: r.choice(body.Facility, "facility", DefaultSyslogFacility, syslogFacilities()...),
		Severity: r.choice(body.Severity, "severity", "", "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"),
		AppName:  r.text(body.AppName, DefaultSyslogAppName), Hostname: r.text(body.Hostname, ""), SDID: r.text(body.SDID, DefaultSyslogSDID), BOM: r.truth(body.BOM),
		MaxBytes: r.bytes(body.MaxBytes, DefaultSyslogMaxBytes), Acknowledge: r.choice(body.Acknowledge, "acknowledge", "close", "close", "sent"),
	}
	d.Secure, d.TLS = r.tls(body.TLS)
	r.within(body.MaxBytes, "max_bytes", d.MaxBytes, 2<<10, 16<<20, "2KiB and 16MiB, no more than the receiver takes for one message")
	if d.Name != "" && !d.Secure {
		r.wrong(body.ServerName.Range(), "write a block tls { }, or leave it out", "server_name is the name in a certificate, and there is no TLS")
	}
	if !given(body.Address) || r.toldAt(body.Address.Range()) {
		return d
	}
	host, port, err := net.SplitHostPort(d.Address)
	switch {
	case err != nil || host == "" || port == "":
		r.wrong(body.Address.Range(), `write "logs.example.com:6514"`, "%q is not host:port", d.Address)
	case !d.Secure && !here(host) && !r.truth(body.Insecure):
		r.wrong(body.Address.Range(), "write a block tls { }, with ca_file if its certificate is of your own authority; or insecure = true, if the network is your own", "events would go to %s in the clear", d.Address)
	}
	return d
}

// Target is the receiver, and the trail as the messages name it.
func (d *SyslogDelivery) Target() string { return d.Address + " (" + d.Trail + ")" }
