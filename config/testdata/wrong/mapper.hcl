mapper "m" {
  match {
    host        = "https://api.example"
    path_prefix = "v1"
  }
  route "GET /a/{x}{y}" {
  }
  route "GET api.example/a" {
  }
  route "GET /b/{x}.{y}" {
    host   = "b.example:443"
    action = path.z
  }
  route "GET /c/{x}" {
    host = "c.example"
  }
  route "GET /c/{y}" {
    host = "C.example"
  }
  route "GET /c/{y}" {
    host = "d.example"
  }
  route "GET /?Action={a}" {
  }
  route "GET /d" {
    api_version = path.v
    servce      = "Orders"
  }
  rpc "POST /rpc" {
    action = "Always"
    target = path.t
  }
  rpc "POST" {
  }
  graphql "POST /rpc" {
    operation = fields.op
  }
  graphql "POST /graphql" {
  }
  ignore "GET /e" {
    rw = "Read"
  }
  grpc = ["a"]
  console {
    when = headers.referer
  }
  params {
    keep = "page"
  }
  default {
    action = path.id
  }
}
