package main

import (
	"log/slog"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/internal/brokers"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/kafka"
)

func kafkaSource(s *config.Source, log *slog.Logger) (plugins.Source, error) {
	k := s.Kafka
	return kafka.New(kafka.Config{Access: brokersOf(k.Brokers, k.Secure, k.TLS, k.SASL), Topics: k.Topics, Group: k.Group, Start: k.Start, Shared: k.Shared, MaxLine: s.MaxLine, Log: log})
}

// brokersOf is how brokers are reached, as the configuration says.
func brokersOf(addrs []string, secure bool, t config.TLS, s *config.SASL) brokers.Access {
	a := brokers.Access{Brokers: addrs, TLS: clientTLS(secure, t)}
	if s != nil {
		a.SASL = &brokers.SASL{Mechanism: s.Mechanism, User: s.User, PasswordFile: s.PasswordFile}
	}
	return a
}
