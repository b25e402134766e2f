agent {
  nats {
    servers     = ["tls://nats:4222"]
    nkey        = "agent.nk"
    credentials = "agent.creds"
    tls { cert_file = "agent.pem" }
    tls { ca_file = 7 }
  }
}
nats {
  nkey = "aggregator.nk"
  tls { ca_file = "ca.pem" }
}
agents { enroll = "firstuse" }
agents {}
