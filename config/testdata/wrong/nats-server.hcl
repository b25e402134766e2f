nats {
  listen = "0.0.0.0:4222"
  nkey   = "aggregator.nk"
  tls { ca = "ca.pem" }
}
