source "file" "mesh" {
  paths      = ["/var/log/envoy.log"]
  format     = "envoy"
  log_format = "[%START_TIME%] %REQ(:METHOD)%%REQ(:PATH)%"
}
source "file" "keys" {
  paths      = ["/var/log/envoy.json"]
  format     = "envoy"
  log_format = "{\"t\":\"%START_TIME(%H:%M:%S)%\"}"
}
source "file" "any" {
  paths      = ["/var/log/any.log"]
  format     = "auto"
  log_format = "[%START_TIME%]"
}
source "file" "edge" {
  paths      = ["/var/log/traefik.log"]
  format     = "traefik"
  log_format = "json"
}
source "file" "near" {
  paths  = ["/var/log/traefik.log"]
  format = "treafik"
}
