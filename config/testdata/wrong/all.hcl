agent {
  name    = "gw 1"
  acount  = "prod"
  region  = 7
  spool {
    max_bytes = "1 gig"
  }
  nats {
    servers = ["nats:4222"]
  }
}
agent {}

source "file" "edge" {
  paths   = []
  format  = "ngnix"
  start   = "begining"
  mapper  = "shp"
  max_line = "1B"
  time_zone = "Mars/Olympus"
  trusted_proxies = ["10.0.0.0/8", "proxy.example"]
}
source "file" "edge" {
  paths = ["/a"]
  format = "nginx"
}
source "file" "system" {
  format = "native"
  paths  = ["/var/[a"]
  mapper = "shop"
}
source "plugin" "acme" {
  command = []
  format  = "nginx"
  sha256  = "5e884898"
  paths   = ["/var/log"]
  config {
    every = shop.every
    tls {
      ca_file = "x"
    }
  }
}
source "fiel" "x" {}

mapper "shop" {
  grpc = "yes, please"
  match {
    source = "other"
  }
  route "DELETE /orders/{order}" {
    action   = "DeleteOrder"
    resource = { type = "Shop::Order", name = path.id }
    rw       = "write"
  }
  route "DELETE /orders/{id}" {
    action = file("/etc/passwd")
  }
  route "/orders" {}
  route "GET /orders" {
    action  = 1 + 1
    service = lower("a", "b")
  }
  identity {
    order = ["consumer", "cookie"]
  }
  console {
    when = headers.referer
  }
  default {
    service = host
  }
}

nats {
  listen  = "4222"
  servers = ["nats://a:4222"]
}
api {
  listen = "127.0.0.1:http-no"
}
index "elasticsearch" {
  addresses = ["127.0.0.1:9200"]
}
trail "writes" {
  where = "eventRW: Write and serviceNam: Ram"
  deliver "file" {
    path = "./data/archive"
    layout = "hive"
    format = "ndjson.gzip"
    prefix = "../x"
    roll {
      max_age = "2d"
      max_bytes = "lots"
    }
  }
}
trail "again" {
  event_rw = "write"
  deliver "file" {
    path = "./data/archive"
    prefix = "../x"
  }
  notify "webhook" {
    url = "https://hook.example"
  }
}
trail "nowhere" {}
trail "s3" {
  deliver "oss" {
    bucket = "audit"
  }
}
retention = "90d"
