package alibaba

import (
	"fmt"
	"strings"
)

// profile is what a section of a file says.
type profile struct {
	Identity
	machine bool   // the identity is that of the role of the machine
	role    string // with machine; "": it has one
}

// parseFile reads the section of a file in the form of ~/.alibabacloud/credentials:
// [name], and below it type, access_key_id, access_key_secret, security_token, role_name.
func parseFile(path string, text []byte, name string) (profile, error) {
	var p profile
	kind, at, within := "access_key", 0, false
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if section, ok := strings.CutPrefix(line, "["); ok {
			section, ok = strings.CutSuffix(section, "]")
			if !ok {
				return p, fmt.Errorf("%s:%d: the name of a profile ends with ]", path, n+1)
			}
			if within = strings.TrimSpace(section) == name; within {
				at = n + 1
			}
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return p, fmt.Errorf("%s:%d: it is neither [profile] nor name = value", path, n+1) // the line may be a secret
		}
		if !within {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "type":
			kind, at = value, n+1
		case "access_key_id":
			p.ID = value
		case "access_key_secret":
			p.Secret = value
		case "security_token":
			p.Token = value
		case "role_name":
			p.role = value
		}
	}
	switch {
	case at == 0:
		return p, fmt.Errorf("%s has no profile [%s]", path, name)
	case kind == "ecs_ram_role":
		return profile{machine: true, role: p.role}, nil
	case kind != "access_key" && kind != "sts":
		return p, fmt.Errorf("%s:%d: credentials of type %q are not read: use access_key, sts or ecs_ram_role", path, at, kind)
	case p.ID == "" || p.Secret == "":
		return p, fmt.Errorf("%s:%d: profile [%s] needs access_key_id and access_key_secret", path, at, name)
	case kind == "sts" && p.Token == "":
		return p, fmt.Errorf("%s:%d: profile [%s] of type sts needs security_token", path, at, name)
	}
	if kind == "access_key" {
		p.Token = ""
	}
	return p, nil
}
