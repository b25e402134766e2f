package bus

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// unconnected is ErrConnected with the reason why the last attempt failed.
func (c *Conn) unconnected() error {
	why := c.nc.LastError()
	if why != nil {
		why = c.cfg.explain(why)
	} else if told := c.trouble.Load(); told != nil {
		why = *told
	}
	if why == nil {
		return ErrConnected
	}
	return fmt.Errorf("%w: %w", ErrConnected, why)
}

// explain turns the error of an attempt to connect into one that says what to do.
func (cfg *Config) explain(err error) error {
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	text := strings.ToLower(err.Error())
	var files TLS
	if cfg.TLS != nil {
		files = *cfg.TLS
	}
	switch {
	case errors.As(err, &unknown):
		by := "the authorities of this machine"
		if files.CA != "" {
			by = files.CA
		}
		return fmt.Errorf("the certificate of the NATS server is not signed by %s: correct ca in the tls block (%w)", by, err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Errorf("the certificate of the NATS server, %s, has expired or is not valid yet (valid from %s to %s): replace it there (%w)",
			subjectOf(invalid.Cert), stamp(invalid.Cert.NotBefore), stamp(invalid.Cert.NotAfter), err)
	case errors.As(err, &host):
		return fmt.Errorf("the certificate of the NATS server is for other names: correct servers, or give the server a certificate for this one (%w)", err)
	case files.Cert == "" && (strings.Contains(text, "remote error: tls: certificate required") || strings.Contains(text, "remote error: tls: bad certificate")):
		return fmt.Errorf("the NATS server wants a certificate of its clients: give cert and key in the tls block (%w)", err)
	case strings.Contains(text, "remote error: tls: expired certificate"):
		return fmt.Errorf("the NATS server says that the certificate %s has expired: replace the file, it is read again (%w)", files.Cert, err)
	case strings.Contains(text, "remote error: tls: unknown certificate authority"), strings.Contains(text, "remote error: tls: bad certificate"),
		strings.Contains(text, "remote error: tls: certificate required"): // a client does not even show one of an authority that the server does not name
		return fmt.Errorf("the NATS server does not take the certificate %s: is it signed by the authority of the server's ca, and for clients? (%w)", files.Cert, err)
	case errors.Is(err, nats.ErrSecureConnWanted):
		return fmt.Errorf("the NATS server has no TLS: take the tls block away and write nats:// for tls://, or give the server a certificate (%w)", err)
	case errors.Is(err, nats.ErrNkeysNotSupported):
		return fmt.Errorf("the NATS server knows no keys: leave nkey out, or give the server the configuration that `actiontrail keys agent` writes (%w)", err)
	case errors.Is(err, nats.ErrAuthRevoked):
		return fmt.Errorf("the NATS server has revoked the credentials: %s (%w)", cfg.loginHint(), err)
	case errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAccountAuthExpired):
		return fmt.Errorf("the credentials have expired: %s (%w)", cfg.loginHint(), err)
	case errors.Is(err, nats.ErrAuthorization), strings.Contains(text, "authorization violation"), strings.Contains(text, "authentication"):
		return fmt.Errorf("the NATS server does not let this client in: %s (%w)", cfg.loginHint(), err)
	}
	return err
}

// loginHint says what to do about a login that is refused.
func (cfg *Config) loginHint() string {
	switch {
	case cfg.Login != nil:
		return fmt.Sprintf("key %s is not enrolled, is revoked or has other rights: see `actiontrail keys list`, and enrol with `actiontrail keys agent`", cfg.Login.Public)
	case cfg.Credentials != "":
		return "replace or correct " + cfg.Credentials
	}
	return "give nkey or credentials in the nats block; `actiontrail keys agent` makes them"
}

func subjectOf(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return "serial " + c.SerialNumber.String()
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
