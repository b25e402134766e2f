# The aggregator of several agents, with a NATS server elsewhere. That server needs
# JetStream with `sync_interval: always`: its default loses what it has
# acknowledged in the last two minutes when the power fails.
#
#   actiontrail aggregator --config aggregator.hcl --data /var/lib/actiontrail

nats {
  servers = ["tls://nats-1.example:4222", "tls://nats-2.example:4222"]
  nkey    = "/var/lib/actiontrail/aggregator/agent.nk"
  tls { ca_file = "ca.pem" }
}

api {
  listen = "127.0.0.1:8320"
}

index "local" {
  retention = "90d"
}

trail "all" {
  deliver "file" {
    path = "/var/lib/actiontrail/archive"
  }
}
