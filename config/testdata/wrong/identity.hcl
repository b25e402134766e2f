source "file" "edge" {
  paths        = ["/a"]
  format       = "nginx"
  proxy_header = "x-real-ip"
}
mapper "untrusted" {
  identity {
    order = ["header:x-user"]
    trust = { "header:x-user" = "verified" }
  }
  console {}
}
mapper "unused" {
  identity {
    order        = ["remote_user"]
    trusted_from = ["10.0.0.0/8"]
  }
  console {
    hosts = ["https://console.example/"]
  }
}
mapper "networks" {
  identity {
    order        = ["header:x-user"]
    trusted_from = ["proxy"]
  }
  console {
    hosts       = ["console.example"]
    user_agents = [""]
  }
}
