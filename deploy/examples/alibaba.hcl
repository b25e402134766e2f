# Trails to Alibaba Cloud, as ActionTrail delivers: an archive in OSS to prove, logs in
# Log Service to search. docs/guide/alibaba.md says how bucket, logstore and RAM
# policies are made. Who asks is in the environment (ALIBABA_CLOUD_ACCESS_KEY_ID,
# ALIBABA_CLOUD_ACCESS_KEY_SECRET), or is the RAM role of the machine or the pod.
#
#   actiontrail server --config nginx.hcl --config alibaba.hcl

trail "cloud" {
  where = "eventRW: Write or errorCode: *"

  deliver "oss" {
    bucket   = "acme-audit" # that never had versioning
    prefix   = "prod/cloud"
    region   = "cn-hangzhou"
    internal = true
    sse {}
    lock { days = 180 }
    lifecycle {
      transition {
        after_days    = 30
        storage_class = "IA"
      }
    }
    roll {
      max_age   = "5m"
      max_bytes = "64MiB"
    }
  }

  deliver "sls" {
    project  = "acme-audit" # with the logstore actiontrail_cloud
    region   = "cn-hangzhou"
    internal = true
  }

  notify "mns" {
    url             = "https://consumer.example.com/mns"
    owner           = "1234567890123456"
    topic           = "audit"
    key_file        = "/etc/actiontrail/mns.key"
    certificate_url = "https://consumer.example.com/mns.pem"
  }
}
