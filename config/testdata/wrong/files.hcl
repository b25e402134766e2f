source "file" "edge" {
  paths        = ["/var/log/nginx/access.log"]
  format       = "nginx"
  symlinks     = "perhaps"
  identity     = "inod"
  ignore_older = "10s"
  max_open     = 0
}
source "file" "other" {
  paths        = ["/var/log/other.log"]
  format       = "nginx"
  identity     = "name"
  ignore_older = "a day"
  max_open     = 1.5
}
