# What the requests of the demo's cloud mean: one route for each of its operations.
# Which route a request takes is decided by how literal it is, never by the order
# in this file. What no route is for becomes an event all the same, named after
# the shape of its path ("GET /api/v2/users/{id}").

mapper "demo" {
  # The load balancer asks once a second. Ignored records are counted in status.
  ignore "GET /healthz" {}

  # The gateway checks keys and sessions, and logs whom it found: verified. The name
  # of a Basic header (here: of a sign-in) is what the client wrote: claimed.
  identity {
    type  = "ram-user" # of whoever is not anonymous
    order = ["consumer", "api_key", "remote_user"]
    trust = {
      consumer    = "verified"
      remote_user = "claimed"
    }
  }

  # Who comes from the console's pages works at the console; all else is the API.
  console {
    when = startswith(headers.referer, "https://console.")
  }

  # Parameters that may leave the machine as they are. All others are masked.
  params {
    keep = ["page", "status", "type", "zone", "name", "cidr", "mfa"]
  }

  # Ecs: instances, disks, networks
  route "POST /v1/instances" {
    service = "Ecs"
    action  = "RunInstances"
  }
  route "GET /v1/instances" {
    service = "Ecs"
    action  = "DescribeInstances"
  }
  route "GET /v1/instances/{id}" {
    service  = "Ecs"
    action   = "DescribeInstanceAttribute"
    resource = { type = "ACS::ECS::Instance", name = path.id }
  }
  route "PATCH /v1/instances/{id}" {
    service  = "Ecs"
    action   = "ModifyInstanceAttribute"
    resource = { type = "ACS::ECS::Instance", name = path.id }
  }
  route "DELETE /v1/instances/{id}" {
    service  = "Ecs"
    action   = "DeleteInstance"
    resource = { type = "ACS::ECS::Instance", name = path.id }
  }
  route "POST /v1/instances/{id}/start" {
    service  = "Ecs"
    action   = "StartInstance"
    resource = { type = "ACS::ECS::Instance", name = path.id }
  }
  route "POST /v1/instances/{id}/stop" {
    service  = "Ecs"
    action   = "StopInstance"
    resource = { type = "ACS::ECS::Instance", name = path.id }
  }
  route "POST /v1/instances/{id}/reboot" {
    service  = "Ecs"
    action   = "RebootInstance"
    resource = { type = "ACS::ECS::Instance", name = path.id }
  }
  route "GET /v1/security-groups" {
    service = "Ecs"
    action  = "DescribeSecurityGroups"
  }
  route "PUT /v1/security-groups/{id}/rules/{rule}" {
    service  = "Ecs"
    action   = "AuthorizeSecurityGroup"
    resource = { type = "ACS::ECS::SecurityGroup", name = path.id }
  }
  route "DELETE /v1/security-groups/{id}/rules/{rule}" {
    service  = "Ecs"
    action   = "RevokeSecurityGroup"
    resource = { type = "ACS::ECS::SecurityGroup", name = path.id }
  }
  route "GET /v1/disks" {
    service = "Ecs"
    action  = "DescribeDisks"
  }
  route "POST /v1/disks/{id}/snapshots" {
    service  = "Ecs"
    action   = "CreateSnapshot"
    resource = { type = "ACS::ECS::Disk", name = path.id }
  }

  # Rds: databases
  route "GET /v1/databases" {
    service = "Rds"
    action  = "DescribeDBInstances"
  }
  route "POST /v1/databases" {
    service = "Rds"
    action  = "CreateDBInstance"
  }
  route "GET /v1/databases/{id}" {
    service  = "Rds"
    action   = "DescribeDBInstanceAttribute"
    resource = { type = "ACS::RDS::DBInstance", name = path.id }
  }
  route "DELETE /v1/databases/{id}" {
    service  = "Rds"
    action   = "DeleteDBInstance"
    resource = { type = "ACS::RDS::DBInstance", name = path.id }
  }
  route "POST /v1/databases/{id}/backups" {
    service  = "Rds"
    action   = "CreateBackup"
    resource = { type = "ACS::RDS::DBInstance", name = path.id }
  }
  route "PUT /v1/databases/{id}/whitelist" {
    service  = "Rds"
    action   = "ModifySecurityIps"
    resource = { type = "ACS::RDS::DBInstance", name = path.id }
  }
  route "POST /v1/databases/{id}/accounts/{account}/password" {
    service  = "Rds"
    action   = "ResetAccountPassword"
    resource = { type = "ACS::RDS::Account", name = "${path.id}/${path.account}" }
  }

  # Ram and Sts: users, keys, policies, roles
  route "GET /v1/users" {
    service = "Ram"
    action  = "ListUsers"
  }
  route "POST /v1/users/{user}" {
    service  = "Ram"
    action   = "CreateUser"
    resource = { type = "ACS::RAM::User", name = path.user }
  }
  route "GET /v1/users/{user}" {
    service  = "Ram"
    action   = "GetUser"
    resource = { type = "ACS::RAM::User", name = path.user }
  }
  route "DELETE /v1/users/{user}" {
    service  = "Ram"
    action   = "DeleteUser"
    resource = { type = "ACS::RAM::User", name = path.user }
  }
  route "POST /v1/users/{user}/access-keys" {
    service  = "Ram"
    action   = "CreateAccessKey"
    resource = { type = "ACS::RAM::User", name = path.user }
  }
  route "DELETE /v1/users/{user}/access-keys/{id}" {
    service  = "Ram"
    action   = "DeleteAccessKey"
    resource = { type = "ACS::RAM::AccessKey", name = path.id }
  }
  route "GET /v1/policies" {
    service = "Ram"
    action  = "ListPolicies"
  }
  route "POST /v1/policies/{policy}" {
    service  = "Ram"
    action   = "CreatePolicy"
    resource = { type = "ACS::RAM::Policy", name = path.policy }
  }
  route "PUT /v1/users/{user}/policies/{policy}" {
    service  = "Ram"
    action   = "AttachPolicyToUser"
    resource = { type = "ACS::RAM::User", name = path.user }
  }
  route "DELETE /v1/users/{user}/policies/{policy}" {
    service  = "Ram"
    action   = "DetachPolicyFromUser"
    resource = { type = "ACS::RAM::User", name = path.user }
  }
  route "POST /v1/roles/{role}/assume" {
    service  = "Sts"
    action   = "AssumeRole"
    resource = { type = "ACS::RAM::Role", name = path.role }
  }

  # Oss: buckets and objects
  route "GET /v1/buckets" {
    service = "Oss"
    action  = "ListBuckets"
  }
  route "PUT /v1/buckets/{bucket}" {
    service  = "Oss"
    action   = "PutBucket"
    resource = { type = "ACS::OSS::Bucket", name = path.bucket }
  }
  route "GET /v1/buckets/{bucket}" {
    service  = "Oss"
    action   = "GetBucketInfo"
    resource = { type = "ACS::OSS::Bucket", name = path.bucket }
  }
  route "DELETE /v1/buckets/{bucket}" {
    service  = "Oss"
    action   = "DeleteBucket"
    resource = { type = "ACS::OSS::Bucket", name = path.bucket }
  }
  route "PUT /v1/buckets/{bucket}/acl" {
    service  = "Oss"
    action   = "PutBucketAcl"
    resource = { type = "ACS::OSS::Bucket", name = path.bucket }
  }
  route "PUT /v1/buckets/{bucket}/policy" {
    service  = "Oss"
    action   = "PutBucketPolicy"
    resource = { type = "ACS::OSS::Bucket", name = path.bucket }
  }
  route "GET /v1/buckets/{bucket}/objects/{key...}" {
    service  = "Oss"
    action   = "GetObject"
    resource = { type = "ACS::OSS::Object", name = "${path.bucket}/${path.key}" }
  }
  route "PUT /v1/buckets/{bucket}/objects/{key...}" {
    service  = "Oss"
    action   = "PutObject"
    resource = { type = "ACS::OSS::Object", name = "${path.bucket}/${path.key}" }
  }
  route "DELETE /v1/buckets/{bucket}/objects/{key...}" {
    service  = "Oss"
    action   = "DeleteObject"
    resource = { type = "ACS::OSS::Object", name = "${path.bucket}/${path.key}" }
  }

  # Actiontrail: the cloud's own trails
  route "GET /v1/trails" {
    service = "Actiontrail"
    action  = "DescribeTrails"
  }
  route "POST /v1/trails/{trail}" {
    service  = "Actiontrail"
    action   = "CreateTrail"
    resource = { type = "ACS::ActionTrail::Trail", name = path.trail }
  }
  route "POST /v1/trails/{trail}/stop" {
    service  = "Actiontrail"
    action   = "StopLogging"
    resource = { type = "ACS::ActionTrail::Trail", name = path.trail }
  }
  route "DELETE /v1/trails/{trail}" {
    service  = "Actiontrail"
    action   = "DeleteTrail"
    resource = { type = "ACS::ActionTrail::Trail", name = path.trail }
  }

  # The console
  route "POST /console/signin" {
    service = "Console"
    action  = "ConsoleSignin"
    type    = "ConsoleSignin"
    # What the page asked for: a sign-in without a second factor says so.
    additional = { mfaChecked = query.mfa }
  }
  route "POST /console/signout" {
    service = "Console"
    action  = "ConsoleSignout"
    type    = "ConsoleSignout"
  }

  default {
    service = "Demo"
    action  = "${method} ${template}"
  }
}
