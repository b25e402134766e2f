# An agent beside a gateway; NATS and the aggregator are elsewhere.
#
#   actiontrail-agent --config agent.hcl --data /var/lib/actiontrail-agent

agent {
  name    = "gw-2"
  account = "prod"
  region  = "cn-hangzhou"

  # How much of an outage the disk holds, for each source. When it is full, reading
  # stops and the log files wait.
  spool {
    max_bytes = "2GiB"
  }

  nats {
    servers = ["tls://nats-1.example:4222", "tls://nats-2.example:4222"]
    nkey    = "agent.nk" # beside this file; `actiontrail keys agent gw-2 --account prod` makes both
    tls { ca_file = "ca.pem" }
  }
}

source "file" "edge" {
  paths           = ["/var/log/nginx/audit.log*"]
  exclude         = ["/var/log/nginx/*.gz"]
  format          = "nginx"
  trusted_proxies = ["10.0.0.0/8"] # the load balancers: their X-Forwarded-For is believed
}
