source "file" "edge" {
  paths  = [/var/log/nginx/access.log]
  format = "nginx"
}
