nats {
  listen = "0.0.0.0:4222"
  nkey   = "aggregator.nk"
  tls { ca_file = "ca.pem" }
}
