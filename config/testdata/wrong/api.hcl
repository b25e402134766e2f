api {
  listen     = "8320"
  token_file = ["a", "b"]
  tls { cert_file = "server.pem" }
}
api {
  tls {
    cert = "server.pem"
    key_file  = "server.key"
  }
  tls {
    cert_file = "server.pem"
    key_file  = "server.key"
  }
}
