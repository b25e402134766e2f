api {
  listen     = "8320"
  token_file = ["a", "b"]
  tls { cert_file = "server.pem" }
  limits {
    timeout  = "10ms"
    searches = 0
    wait     = 5
    page     = 100
    exports  = "16"
    tails    = 20000
  }
  limits {}
}
api {
  tls {
    cert      = "server.pem"
    key       = "server.key"
    client_ca = "ca.pem"
  }
  limits { rate = 1 }
}
nats {
  tls { ca = "ca.pem" }
}
agents { key = "cert" }
