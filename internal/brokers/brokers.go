// Package brokers is how the brokers of Kafka are reached: their addresses, TLS, and who signs in.
// The source that reads topics and the sink that writes them have this in common.
package brokers

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/actiontrail/actiontrail/internal/access"
)

// Mechanisms of signing in.
const (
	Plain       = "plain"
	ScramSHA256 = "scram-sha-256"
	ScramSHA512 = "scram-sha-512"
)

// Access says how brokers are reached.
type Access struct {
	Brokers []string       `json:"brokers"` // host:port
	TLS     *access.Client `json:"tls"`     // nil: in the clear
	SASL    *SASL          `json:"sasl"`    // nil: nobody signs in
}

// SASL is who signs in.
type SASL struct {
	Mechanism    string `json:"mechanism"` // one of the above; empty: ScramSHA512
	User         string `json:"user"`
	PasswordFile string `json:"password_file"` // read whenever a broker asks
}

// Check tells of what cannot be. Nobody is called, and no file is read.
func (a *Access) Check() error {
	if len(a.Brokers) == 0 {
		return errors.New(`brokers are needed: write brokers = ["kafka:9092"]`)
	}
	for _, b := range a.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return fmt.Errorf(`broker %q is not host:port: write brokers = ["kafka:9092"]`, b)
		}
	}
	if a.TLS != nil {
		if err := a.TLS.Check(); err != nil {
			return err
		}
	}
	if s := a.SASL; s != nil {
		switch {
		case s.Mechanism != "" && s.Mechanism != Plain && s.Mechanism != ScramSHA256 && s.Mechanism != ScramSHA512:
			return fmt.Errorf("sasl: mechanism %q is not known: use %s, %s or %s", s.Mechanism, Plain, ScramSHA256, ScramSHA512)
		case s.User == "" || s.PasswordFile == "":
			return errors.New("sasl: user and password_file are needed")
		case s.Mechanism == Plain && a.TLS == nil:
			return errors.New("sasl: the password would go to the brokers in the clear: add tls, or use " + ScramSHA512)
		}
	}
	return nil
}

// Options are those of a client. Certificates and passwords are read at each connection.
func (a *Access) Options() []kgo.Opt {
	options := []kgo.Opt{kgo.SeedBrokers(a.Brokers...), kgo.ClientID("actiontrail")}
	if a.TLS != nil {
		options = append(options, kgo.Dialer(a.TLS.Dial))
	}
	if a.SASL != nil {
		options = append(options, kgo.SASL(a.SASL.mechanism()))
	}
	return options
}

func (s *SASL) mechanism() sasl.Mechanism {
	if s.Mechanism == Plain {
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			password, err := access.Secret("password_file", s.PasswordFile)
			return plain.Auth{User: s.User, Pass: password}, err
		})
	}
	auth := func(context.Context) (scram.Auth, error) {
		password, err := access.Secret("password_file", s.PasswordFile)
		return scram.Auth{User: s.User, Pass: password}, err
	}
	if s.Mechanism == ScramSHA256 {
		return scram.Sha256(auth)
	}
	return scram.Sha512(auth)
}
