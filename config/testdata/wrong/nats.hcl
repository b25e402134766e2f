agent {
  nats {
    servers     = ["tls://nats:4222"]
    nkey        = "agent.nk"
    credentials = "agent.creds"
    tls { cert = "agent.pem" }
    tls { ca = 7 }
  }
}
nats {
  nkey = "aggregator.nk"
  tls { ca = "ca.pem" }
}
agents { enroll = "firstuse" }
agents {}
