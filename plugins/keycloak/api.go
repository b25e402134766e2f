package keycloak

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// maxAnswer bounds what one answer may have.
	maxAnswer = 64 << 20
	// beforeEnd is how long before its end a token is no longer used.
	beforeEnd = 10 * time.Second
)

// api asks for a realm, with a token that is drawn when there is none, or none that is good.
type api struct {
	config *Config
	realm  string
	token  string
	ends   time.Time
}

var errUnauthorized = errors.New("the token is refused")

// get asks for a list.
func (a *api) get(ctx context.Context, path string, query url.Values) (list []json.RawMessage, err error) {
	for try := range 2 {
		if err = a.sign(ctx); err != nil {
			return nil, err
		}
		if list, err = a.ask(ctx, path, query); !errors.Is(err, errUnauthorized) || try > 0 {
			return list, err
		}
		a.token = "" // it was taken back, or Keycloak has new keys
	}
	return nil, err
}

func (a *api) ask(ctx context.Context, path string, query url.Values) ([]json.RawMessage, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.config.URL+"/admin/realms/"+url.PathEscape(a.realm)+path+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	r.Header.Set("Accept", "application/json")
	text, status, err := a.do(r)
	if err != nil {
		return nil, err
	}
	switch status {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return nil, errUnauthorized
	case http.StatusForbidden:
		return nil, errors.New("the answer is 403: give the client's service account the role view-events of realm-management")
	case http.StatusNotFound:
		return nil, errors.New("the answer is 404: is there such a realm, and is the path in url right?")
	default:
		return nil, fmt.Errorf("the answer is %d: %.200s", status, text)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("the answer is no list: %w", err)
	}
	return list, nil
}

// sign draws a token by the client's own credentials, unless there is a good one.
func (a *api) sign(ctx context.Context) error {
	if a.token != "" && a.config.Now().Before(a.ends) {
		return nil
	}
	realm := a.config.TokenRealm
	if realm == "" {
		realm = a.realm
	}
	secret, err := a.config.Secret()
	if err != nil {
		return err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {a.config.ClientID}, "client_secret": {secret}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.config.URL+"/realms/"+url.PathEscape(realm)+"/protocol/openid-connect/token", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	text, status, err := a.do(r)
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	var answer struct {
		Token  string `json:"access_token"`
		Ends   int64  `json:"expires_in"`
		Error  string `json:"error"`
		Detail string `json:"error_description"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || status != http.StatusOK || answer.Token == "" {
		return fmt.Errorf("there is no token in realm %s for client %s: %d %s %s", realm, a.config.ClientID, status, answer.Error, answer.Detail)
	}
	a.token, a.ends = answer.Token, a.config.Now().Add(time.Duration(answer.Ends)*time.Second-beforeEnd)
	return nil
}

func (a *api) do(r *http.Request) (text []byte, status int, err error) {
	answer, err := a.config.Client.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer answer.Body.Close()
	text, err = io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	return text, answer.StatusCode, err
}
