agent {
  nats {
  }
}
source "file" "a" {
}
source "file" "b" {
  paths = ["/b"]
}
mapper "m" {
  console {
  }
  openapi {
    base_path = "/v1"
  }
}
trail "t" {
  deliver "file" {
  }
}
account "a" {
}
