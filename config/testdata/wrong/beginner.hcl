# What those write who see HCL for the first time.
source "file" "edge" {
  paths  = ["/var/log/nginx/access.log"]
  format = nginx
}

output "file" {}

sources "file" "app" {
  paths  = ["/var/log/app/access.log"]
  format = "nginx"
}
