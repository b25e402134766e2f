# The quickstart: agent, NATS, index, archive and API in one process on this
# machine. Paths are relative to the folder that the server is started in.
#
#   bin/actiontrail server --config deploy/quickstart

agent {
  name    = "quickstart"
  account = "demo"
  region  = "cn-hangzhou"
}

# The access log of the demo gateway (demo/). The pattern takes the rotated files
# in as well: a file that was renamed while the agent was down is read to its end.
source "file" "edge" {
  paths           = ["./data/demo/access.log*"]
  format          = "nginx"
  start           = "beginning"
  mapper          = "demo"
  trusted_proxies = ["127.0.0.0/8"] # the load balancer: its X-Forwarded-For is believed
}

api {
  listen = "127.0.0.1:8320"
}

index "local" {
  retention = "90d"
}

# Everything, for ever.
trail "all" {
  deliver "file" {
    path = "./data/archive"
    roll {
      max_age = "1m"
    }
  }
}

# What one wants to see first after an intrusion: sign-ins, and changes of users,
# keys and trails.
trail "security" {
  where = "eventType: ConsoleSignin or (eventRW: Write and serviceName: (Ram or Sts or Actiontrail))"
  deliver "file" {
    path = "./data/archive-security"
    roll {
      max_age = "1m"
    }
  }
}

account "demo" {
  id = "1234567890123456"
}
