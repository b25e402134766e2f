agent {
  name    = "gw-1"
  account = "prod"
}

source "file" "edge" {
  paths      = ["/var/log/nginx/edge.log"]
  format     = "nginx"
  log_format = "$remote_addr$remote_user [$time_local] \"$request\" $status"
}

source "file" "lb" {
  paths      = ["/var/log/haproxy.log"]
  format     = "haproxy"
  log_format = "option tcplog"
}

trail "all" {
  deliver "file" { path = "/var/lib/actiontrail/archive" }
}
