package lanes

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/actiontrail/actiontrail/config"
	"github.com/actiontrail/actiontrail/plugins"
	"github.com/actiontrail/actiontrail/plugins/keycloak"
)

// keycloakTimeout is how long one answer may take.
const keycloakTimeout = time.Minute

func keycloakSource(s *config.Source, log *slog.Logger) (plugins.Source, error) {
	k := s.Keycloak
	secure, err := ClientTLS(config.TLS{CA: k.CAFile})
	if err != nil {
		return nil, err
	}
	secret := func() (string, error) { // read for each token: it may have been changed
		text, err := os.ReadFile(k.SecretFile)
		if err != nil {
			return "", fmt.Errorf("client_secret_file: %w", err)
		}
		return string(bytes.TrimSpace(text)), nil
	}
	return keycloak.New(keycloak.Config{URL: k.URL, Realms: k.Realms, Events: k.Events, ClientID: k.ClientID, Secret: secret, TokenRealm: k.TokenRealm, Poll: k.Poll, Log: log,
		Client: &http.Client{Timeout: keycloakTimeout, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure, ForceAttemptHTTP2: true}}})
}
