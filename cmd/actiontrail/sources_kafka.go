package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/actiontrail/actiontrail/cmd/internal/lanes"
	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/kafka"
)

func kafkaSource(s *config.Source, log *slog.Logger) (plugins.Source, error) {
	k := s.Kafka
	c := kafka.Config{Brokers: k.Brokers, Topics: k.Topics, Group: k.Group, Start: k.Start, Shared: k.Shared, MaxLine: s.MaxLine, Log: log}
	if k.Secure {
		var err error
		if c.TLS, err = lanes.ClientTLS(k.TLS); err != nil {
			return nil, err
		}
	}
	if k.SASL != nil {
		c.SASL = signIn(k.SASL)
	}
	return kafka.New(c)
}

// signIn reads the password whenever a broker asks.
func signIn(s *config.SASL) sasl.Mechanism {
	password := func() (string, error) {
		text, err := os.ReadFile(s.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("password_file: %w", err)
		}
		return string(bytes.TrimSpace(text)), nil
	}
	if s.Mechanism == "plain" {
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			pass, err := password()
			return plain.Auth{User: s.User, Pass: pass}, err
		})
	}
	auth := func(context.Context) (scram.Auth, error) {
		pass, err := password()
		return scram.Auth{User: s.User, Pass: pass}, err
	}
	if s.Mechanism == "scram-sha-256" {
		return scram.Sha256(auth)
	}
	return scram.Sha512(auth)
}
