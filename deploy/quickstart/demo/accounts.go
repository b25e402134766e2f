package main

import (
	"net/http"
	"slices"
	"strings"
)

// account is somebody who can sign in at the console, or a program with a key.
type account struct {
	name     string
	password string // of the console; empty: no console
	mfa      bool   // signs in with a second factor
	key      string // of the API; empty: no API
	services []string
	readOnly bool
}

func (a account) may(op operation) bool {
	return (op.read || !a.readOnly) && (slices.Contains(a.services, "*") || slices.Contains(a.services, op.service))
}

// accounts are those of the pretended cloud, by name. Keys and passwords are made up.
func accounts() map[string]account {
	all := map[string]account{}
	for _, a := range []account{
		{name: "admin", password: "demo", mfa: false, key: "DEMOAK00ADMIN7Qw1", services: []string{"*"}},
		{name: "alice", password: "demo", mfa: true, key: "DEMOAK01ALICEp3Zx", services: []string{"*"}},
		{name: "bob", password: "demo", mfa: true, key: "DEMOAK02BOBk9Lm2v", services: []string{"Ecs", "Rds"}},
		{name: "carol", password: "demo", mfa: false, key: "DEMOAK03CAROL4tYu", services: []string{"Rds", "Oss"}},
		{name: "dave-audit", password: "demo", mfa: true, services: []string{"*"}, readOnly: true},
		{name: "ci-deployer", key: "DEMOAK10CIDEPLm8Q", services: []string{"Ecs", "Oss"}},
		{name: "backup-agent", key: "DEMOAK11BACKUPx5R", services: []string{"Rds", "Oss"}},
		{name: "monitor", key: "DEMOAK12MONITORj7", services: []string{"Ecs", "Rds"}, readOnly: true},
	} {
		all[a.name] = a
	}
	return all
}

// authenticate finds out by whose API key or console session a request is made.
func authenticate(r *http.Request) (account, bool) {
	key := r.Header.Get("X-Api-Key")
	session := ""
	if c, err := r.Cookie("session"); err == nil {
		session, _ = strings.CutPrefix(c.Value, "demo-session-of-")
	}
	for _, a := range accounts() {
		if (key != "" && a.key == key) || (key == "" && session != "" && a.name == session) {
			return a, true
		}
	}
	return account{}, false
}
