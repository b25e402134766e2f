package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// renamedTLS are the names that keys of tls blocks had, and those that they have:
// what names a file ends in _file. Never changed.
var renamedTLS = map[string]string{"cert": "cert_file", "key": "key_file", "ca": "ca_file", "client_ca": "client_ca_file"}

// renamed adds to the mistakes about keys that nobody knows what they are called now.
func renamed(body hcl.Body, mistakes hcl.Diagnostics) {
	written, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, b := range written.Blocks {
		renamed(b.Body, mistakes)
		if b.Type != "tls" {
			continue
		}
		for name, a := range b.Body.Attributes {
			for _, d := range mistakes {
				if now, old := renamedTLS[name]; old && d.Subject != nil && *d.Subject == a.NameRange {
					d.Detail = fmt.Sprintf("It is called %s now.", now)
				}
			}
		}
	}
}
