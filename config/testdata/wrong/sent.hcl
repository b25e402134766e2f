source "syslog" "nowhere" {
  format = "auto"
}
source "syslog" "datagrams" {
  udp    = "127.0.0.1:5514"
  format = "auto"
  tls {
    cert_file = "a"
    key_file  = "b"
  }
}
source "socket" "neither" {
  listen = "vault.sock"
  format = "auto"
}
source "socket" "unix" {
  listen       = "/run/vault.sock"
  format       = "auto"
  max_inflight = "1KiB"
  tls {
    cert_file = "a"
    key_file  = "b"
  }
}
source "stdin" "one" {
  format = "auto"
}
source "stdin" "two" {
  format = "auto"
}
source "audit-events" "shop" {
  listen    = "127.0.0.1:9443"
  format    = "native"
  keys_file = "keys"
  channels  = ["shop"]
  wait      = "1ms"
}
source "http" "same" {
  listen = "127.0.0.1:9443"
  format = "native"
}
source "sislog" "x" {
  format = "auto"
}
