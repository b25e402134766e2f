source "bucket" "nothing" {
  format = "auto"
}
source "bucket" "folder" {
  path   = "/srv/archive"
  region = "x"
  poll   = "1ms"
  late   = "1m"
  format = "auto"
}
source "bucket" "clear" {
  bucket   = "audit"
  endpoint = "http://store"
  format   = "auto"
}
source "kafka" "a" {
  brokers = ["kafka"]
  topics  = []
  group   = ""
  format  = "auto"
  sasl {
    mechanism     = "plain"
    user          = "u"
    password_file = "p"
  }
}
source "nats" "core" {
  servers  = ["host"]
  subjects = ["a b"]
  start    = "end"
  format   = "auto"
}
source "nats" "stream" {
  servers      = ["nats://host"]
  subjects     = ["a"]
  stream       = "a.b"
  max_inflight = "1MiB"
  format       = "auto"
}
source "keycloak" "sso" {
  url                = "http://sso.example"
  realms             = []
  events             = ["login"]
  client_id          = "audit"
  client_secret_file = "s"
  poll               = "1ms"
  format             = "auto"
}
