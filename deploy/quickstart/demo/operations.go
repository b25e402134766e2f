package main

import (
	"maps"
	"net/http"
	"slices"
)

// operation is one thing the cloud can be asked to do. demo.hcl has a route for
// each pattern, and names the same action: operations_test.go compares them.
type operation struct {
	pattern string // of http.ServeMux
	service string // empty: open to all
	action  string
	read    bool
	do      func(*cloud, *http.Request) answer // called with c.mu held, unless open to all
}

// operations are all the cloud has.
func operations() []operation {
	return slices.Concat(ecsOperations(), rdsOperations(), ramOperations(), ossOperations(), trailOperations(), consoleOperations())
}

func ecsOperations() []operation {
	return []operation{
		{"POST /v1/instances", "Ecs", "RunInstances", false, create(instances, thing{"status": "Running"}, 60)},
		{"GET /v1/instances", "Ecs", "DescribeInstances", true, list(instances)},
		{"GET /v1/instances/{id}", "Ecs", "DescribeInstanceAttribute", true, get(instances)},
		{"PATCH /v1/instances/{id}", "Ecs", "ModifyInstanceAttribute", false, change(instances, nil)},
		{"DELETE /v1/instances/{id}", "Ecs", "DeleteInstance", false, remove(instances)},
		{"POST /v1/instances/{id}/start", "Ecs", "StartInstance", false, move(instances, "Stopped", "Running")},
		{"POST /v1/instances/{id}/stop", "Ecs", "StopInstance", false, move(instances, "Running", "Stopped")},
		{"POST /v1/instances/{id}/reboot", "Ecs", "RebootInstance", false, move(instances, "Running", "Running")},
		{"GET /v1/security-groups", "Ecs", "DescribeSecurityGroups", true, list(groups)},
		{"PUT /v1/security-groups/{id}/rules/{rule}", "Ecs", "AuthorizeSecurityGroup", false, change(groups, nil)},
		{"DELETE /v1/security-groups/{id}/rules/{rule}", "Ecs", "RevokeSecurityGroup", false, change(groups, nil)},
		{"GET /v1/disks", "Ecs", "DescribeDisks", true, list(disks)},
		{"POST /v1/disks/{id}/snapshots", "Ecs", "CreateSnapshot", false, change(disks, nil)},
	}
}

func rdsOperations() []operation {
	return []operation{
		{"GET /v1/databases", "Rds", "DescribeDBInstances", true, list(databases)},
		{"POST /v1/databases", "Rds", "CreateDBInstance", false, create(databases, thing{"status": "Running"}, 30)},
		{"GET /v1/databases/{id}", "Rds", "DescribeDBInstanceAttribute", true, get(databases)},
		{"DELETE /v1/databases/{id}", "Rds", "DeleteDBInstance", false, remove(databases)},
		{"POST /v1/databases/{id}/backups", "Rds", "CreateBackup", false, change(databases, nil)},
		{"PUT /v1/databases/{id}/whitelist", "Rds", "ModifySecurityIps", false, change(databases, nil)},
		{"POST /v1/databases/{id}/accounts/{account}/password", "Rds", "ResetAccountPassword", false, change(databases, nil)},
	}
}

func ramOperations() []operation {
	return []operation{
		{"GET /v1/users", "Ram", "ListUsers", true, list(users)},
		{"POST /v1/users/{user}", "Ram", "CreateUser", false, put(users, "user", 40)},
		{"GET /v1/users/{user}", "Ram", "GetUser", true, getNamed(users, "user")},
		{"DELETE /v1/users/{user}", "Ram", "DeleteUser", false, removeNamed(users, "user")},
		{"POST /v1/users/{user}/access-keys", "Ram", "CreateAccessKey", false, create(accessKey, thing{"status": "Active"}, 60)},
		{"DELETE /v1/users/{user}/access-keys/{id}", "Ram", "DeleteAccessKey", false, remove(accessKey)},
		{"GET /v1/policies", "Ram", "ListPolicies", true, list(policies)},
		{"POST /v1/policies/{policy}", "Ram", "CreatePolicy", false, put(policies, "policy", 40)},
		{"PUT /v1/users/{user}/policies/{policy}", "Ram", "AttachPolicyToUser", false, changeNamed(users, "user")},
		{"DELETE /v1/users/{user}/policies/{policy}", "Ram", "DetachPolicyFromUser", false, changeNamed(users, "user")},
		{"POST /v1/roles/{role}/assume", "Sts", "AssumeRole", false, nothing},
	}
}

func ossOperations() []operation {
	return []operation{
		{"GET /v1/buckets", "Oss", "ListBuckets", true, list(buckets)},
		{"PUT /v1/buckets/{bucket}", "Oss", "PutBucket", false, put(buckets, "bucket", 30)},
		{"GET /v1/buckets/{bucket}", "Oss", "GetBucketInfo", true, getNamed(buckets, "bucket")},
		{"DELETE /v1/buckets/{bucket}", "Oss", "DeleteBucket", false, removeNamed(buckets, "bucket")},
		{"PUT /v1/buckets/{bucket}/acl", "Oss", "PutBucketAcl", false, changeNamed(buckets, "bucket")},
		{"PUT /v1/buckets/{bucket}/policy", "Oss", "PutBucketPolicy", false, changeNamed(buckets, "bucket")},
		{"GET /v1/buckets/{bucket}/objects/{key...}", "Oss", "GetObject", true, getObject},
		{"PUT /v1/buckets/{bucket}/objects/{key...}", "Oss", "PutObject", false, putObject},
		{"DELETE /v1/buckets/{bucket}/objects/{key...}", "Oss", "DeleteObject", false, removeObject},
	}
}

func trailOperations() []operation {
	return []operation{
		{"GET /v1/trails", "Actiontrail", "DescribeTrails", true, list(trails)},
		{"POST /v1/trails/{trail}", "Actiontrail", "CreateTrail", false, put(trails, "trail", 10)},
		{"POST /v1/trails/{trail}/stop", "Actiontrail", "StopLogging", false, changeNamed(trails, "trail")},
		{"DELETE /v1/trails/{trail}", "Actiontrail", "DeleteTrail", false, removeNamed(trails, "trail")},
	}
}

func consoleOperations() []operation {
	return []operation{
		{"POST /console/signin", "", "ConsoleSignin", false, signIn},
		{"POST /console/signout", "", "ConsoleSignout", false, signOut},
		{"GET /healthz", "", "", true, nothing},
	}
}

func nothing(*cloud, *http.Request) answer { return ok(map[string]string{"status": "ok"}) }

func list(k kind) func(*cloud, *http.Request) answer {
	return func(c *cloud, _ *http.Request) answer { return ok(slices.Sorted(maps.Keys(c.things[k]))) }
}

func create(k kind, with thing, most int) func(*cloud, *http.Request) answer {
	return func(c *cloud, _ *http.Request) answer {
		id := c.newID(k)
		c.keep(k, most)
		c.make(k, id, maps.Clone(with))
		return answer{http.StatusCreated, c.things[k][id]}
	}
}

func get(k kind) func(*cloud, *http.Request) answer    { return getNamed(k, "id") }
func remove(k kind) func(*cloud, *http.Request) answer { return removeNamed(k, "id") }

// find does something with the thing that the path names, if it is there.
func find(k kind, name string, do func(*cloud, string, thing) answer) func(*cloud, *http.Request) answer {
	return func(c *cloud, r *http.Request) answer {
		id := r.PathValue(name)
		t, found := c.things[k][id]
		if !found {
			return refuse(http.StatusNotFound, "Invalid"+name+".NotFound", string(k)+" "+id+" is not there")
		}
		return do(c, id, t)
	}
}

func getNamed(k kind, name string) func(*cloud, *http.Request) answer {
	return find(k, name, func(_ *cloud, _ string, t thing) answer { return ok(t) })
}

func removeNamed(k kind, name string) func(*cloud, *http.Request) answer {
	return find(k, name, func(c *cloud, id string, _ thing) answer {
		delete(c.things[k], id)
		return answer{http.StatusOK, map[string]string{"id": id}}
	})
}

func change(k kind, to thing) func(*cloud, *http.Request) answer {
	return find(k, "id", func(_ *cloud, _ string, t thing) answer {
		maps.Copy(t, to)
		return ok(t)
	})
}

func changeNamed(k kind, name string) func(*cloud, *http.Request) answer {
	return find(k, name, func(_ *cloud, _ string, t thing) answer { return ok(t) })
}

// move changes the status, and refuses where the status is another.
func move(k kind, from, to string) func(*cloud, *http.Request) answer {
	return find(k, "id", func(_ *cloud, id string, t thing) answer {
		if t["status"] != from {
			return refuse(http.StatusConflict, "IncorrectInstanceStatus", id+" is "+t["status"])
		}
		t["status"] = to
		return ok(t)
	})
}

// put makes a thing of the name in the path.
func put(k kind, name string, most int) func(*cloud, *http.Request) answer {
	return func(c *cloud, r *http.Request) answer {
		id := r.PathValue(name)
		if _, taken := c.things[k][id]; taken {
			return refuse(http.StatusConflict, "EntityAlreadyExists", string(k)+" "+id+" is there")
		}
		c.keep(k, most)
		c.make(k, id, thing{})
		return answer{http.StatusCreated, c.things[k][id]}
	}
}

func getObject(c *cloud, r *http.Request) answer {
	if _, found := c.things[objects][r.PathValue("bucket")+"/"+r.PathValue("key")]; !found {
		return refuse(http.StatusNotFound, "NoSuchKey", "no such object")
	}
	return ok(map[string]string{"content": "pretended"})
}

func putObject(c *cloud, r *http.Request) answer {
	bucket := r.PathValue("bucket")
	if _, found := c.things[buckets][bucket]; !found {
		return refuse(http.StatusNotFound, "NoSuchBucket", "no such bucket")
	}
	c.keep(objects, 500)
	c.make(objects, bucket+"/"+r.PathValue("key"), thing{})
	return ok(map[string]string{"etag": c.newID(objects)})
}

func removeObject(c *cloud, r *http.Request) answer {
	delete(c.things[objects], r.PathValue("bucket")+"/"+r.PathValue("key"))
	return answer{http.StatusOK, map[string]string{}}
}

// signIn checks name and password, and the second factor of those who have one.
func signIn(_ *cloud, r *http.Request) answer {
	name, password, _ := r.BasicAuth()
	a, found := accounts()[name]
	if !found || a.password == "" || a.password != password {
		return refuse(http.StatusUnauthorized, "SigninFailed", "wrong name or password")
	}
	if a.mfa && r.URL.Query().Get("mfa") != "true" {
		return refuse(http.StatusForbidden, "MFARequired", "a second factor is needed")
	}
	callerOf(r).name = name
	return ok(map[string]string{"session": "demo-session-of-" + name})
}

func signOut(_ *cloud, r *http.Request) answer {
	a, known := authenticate(r)
	if !known {
		return refuse(http.StatusUnauthorized, "NoSession", "not signed in")
	}
	callerOf(r).name = a.name
	return ok(map[string]string{})
}
