package agent

import (
	"os"
	"strings"
)

// Machine is the identity of this machine, by which a copied data folder is
// told from a restart: /etc/machine-id, or else the host name.
func Machine() string {
	for _, path := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := os.ReadFile(path); err == nil && len(strings.TrimSpace(string(id))) > 0 {
			return strings.TrimSpace(string(id))
		}
	}
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return host
}
