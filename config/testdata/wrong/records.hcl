source "file" "edge" {
  paths       = ["/var/log/edge.log"]
  format      = "nginx"
  encoding    = "gb2313"
  delimiter   = ""
  long_lines  = "skip"
  flush_after = "soon"
  compressed  = "yes, please"
  multiline {
    start     = "("
    max_lines = 0
    timeout   = 5
  }
}
source "file" "app" {
  paths      = ["/var/log/app.log"]
  format     = "nginx"
  encoding   = "gbk"
  delimiter  = "|"
  long_lines = "split"
  multiline {}
}
source "file" "api" {
  paths     = ["/var/log/api.log"]
  format    = "nginx"
  delimiter = "------------------"
  multiline {
    start     = "^a"
    continue  = "^b"
    max_lines = "many"
  }
}
