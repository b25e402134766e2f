# Trails: what is archived, and where to. Each has a folder of its own. Without
# `where` a trail takes everything.
#
#   actiontrail server --config nginx.hcl --config security-trails.hcl

trail "writes" {
  where = "eventRW: Write"
  deliver "file" {
    path = "/var/lib/actiontrail/archive-writes"
    roll {
      max_age   = "5m"
      max_bytes = "64MiB"
    }
  }
}

trail "security" {
  where = "eventType: ConsoleSignin or errorCode: * or (eventRW: Write and serviceName: (Ram or Sts))"
  deliver "file" {
    path = "/var/lib/actiontrail/archive-security"
  }
}

# How actiontrail itself was used, and whether anything ever was missing.
trail "self" {
  where = "serviceName: Actiontrail"
  deliver "file" {
    path = "/var/lib/actiontrail/archive-self"
  }
}
