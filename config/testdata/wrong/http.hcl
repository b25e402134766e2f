source "http" "a" {
  format = "kong"
}

source "http" "b" {
  listen       = "9080"
  path         = "logs"
  format       = "kong"
  split        = "line"
  max_body     = "10MB"
  max_line     = "1B"
  max_records  = 0
  max_inflight = "1KiB"
  wait         = "1ms"
  tls {
    cert_file = "server.pem"
  }
}

source "http" "c" {
  listen   = "127.0.0.1:9080"
  path     = "/healthz"
  format   = "kong"
  max_body = "100MiB"
  paths    = ["/var/log/kong.log"]
}

source "http" "d" {
  listen   = "127.0.0.1:9080"
  format   = "kong"
  max_body = "100MiB"
}

source "https" "e" {
  listen = "127.0.0.1:9081"
}
