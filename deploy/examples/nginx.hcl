# One machine, one nginx: everything in one process.
#
#   actiontrail validate nginx.hcl
#   actiontrail server --config nginx.hcl --data /var/lib/actiontrail
#
# docs/guide/nginx.md has the log_format that goes with it.

agent {
  name    = "gw-1"
  account = "prod"
  region  = "cn-hangzhou"
}

source "file" "edge" {
  # With the star, a log that was rotated while the agent was down is still read
  # to its end. Compressed files are left out.
  paths   = ["/var/log/nginx/audit.log*"]
  exclude = ["/var/log/nginx/*.gz"]
  format  = "nginx"
  start   = "beginning"
  mapper  = "shop"
}

mapper "shop" {
  ignore "GET /healthz" {}

  identity {
    order = ["jwt.sub", "remote_user"]
    trust = {
      remote_user = "verified" # only where auth_basic is on: otherwise anybody can write any name there
    }
  }

  params {
    keep = ["page", "limit"]
  }

  route "GET /v1/orders" {
    service = "Orders"
    action  = "ListOrders"
  }
  route "POST /v1/orders/search" {
    service = "Orders"
    action  = "SearchOrders"
    rw      = "Read"
  }
  route "DELETE /v1/orders/{order}" {
    service  = "Orders"
    action   = "DeleteOrder"
    resource = { type = "Shop::Order", name = path.order }
  }
  route "* /v1/files/{path...}" {
    service  = "Files"
    action   = "${title(method)}File"
    resource = { type = "Shop::File", name = path.path }
  }

  default {
    service = "Shop"
  }
}

index "local" {
  retention = "180d"
}

trail "all" {
  deliver "file" {
    path = "/var/lib/actiontrail/archive"
  }
}
