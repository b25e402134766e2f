package alibaba

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// machine asks for the identity of the role of the machine (ECS).
func (c *Credentials) machine(ctx context.Context) (Identity, error) {
	if strings.EqualFold(os.Getenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED"), "true") {
		return Identity{}, errNobody
	}
	role := os.Getenv("ALIBABA_CLOUD_ECS_METADATA")
	return c.lent(ctx, "machine "+role, func(ctx context.Context) (Identity, error) { return c.askMachine(ctx, role) })
}

// askMachine asks the metadata of the machine, in its second form, with a token:
// a machine may refuse the first one. Who is not at the address is no machine of theirs.
func (c *Credentials) askMachine(ctx context.Context, role string) (Identity, error) {
	token, status, err := c.ask(ctx, http.MethodPut, c.metadata+"/latest/api/token", http.Header{"X-Aliyun-Ecs-Metadata-Token-Ttl-Seconds": {"21600"}}, nil)
	if e := ctx.Err(); e != nil {
		return Identity{}, e
	}
	if err != nil {
		return Identity{}, errNobody
	}
	header := http.Header{}
	if status == http.StatusOK {
		header.Set("X-Aliyun-Ecs-Metadata-Token", string(token))
	}
	const path = "/latest/meta-data/ram/security-credentials/"
	if role == "" {
		text, status, err := c.ask(ctx, http.MethodGet, c.metadata+path, header, nil)
		if err != nil {
			return Identity{}, fmt.Errorf("ask the machine for its RAM role: %w", err)
		}
		role, _, _ = strings.Cut(strings.TrimSpace(string(text)), "\n")
		if status == http.StatusNotFound || role == "" {
			return Identity{}, errNobody
		}
		if status != http.StatusOK {
			return Identity{}, fmt.Errorf("ask the machine for its RAM role: status %d", status)
		}
	}
	text, status, err := c.ask(ctx, http.MethodGet, c.metadata+path+url.PathEscape(role), header, nil)
	if err != nil {
		return Identity{}, fmt.Errorf("ask the machine for a key of its RAM role %s: %w", role, err)
	}
	var answer struct {
		lentKey
		Code string
	}
	if status != http.StatusOK || json.Unmarshal(text, &answer) != nil || answer.Code != "Success" {
		return Identity{}, fmt.Errorf("ask the machine for a key of its RAM role %s: status %d, code %q", role, status, answer.Code)
	}
	return answer.identity("the machine")
}

// pod asks for the identity of the role of a Kubernetes pod (RRSA): the pod has a
// token, which STS gives a key for.
func (c *Credentials) pod(ctx context.Context) (Identity, error) {
	role, provider, file := os.Getenv("ALIBABA_CLOUD_ROLE_ARN"), os.Getenv("ALIBABA_CLOUD_OIDC_PROVIDER_ARN"), os.Getenv("ALIBABA_CLOUD_OIDC_TOKEN_FILE")
	if role == "" || provider == "" || file == "" {
		return Identity{}, errNobody
	}
	return c.lent(ctx, "pod "+role, func(ctx context.Context) (Identity, error) {
		token, err := os.ReadFile(file)
		if err != nil {
			return Identity{}, fmt.Errorf("the token of the pod: %w", err)
		}
		host := "https://sts.aliyuncs.com"
		if region := os.Getenv("ALIBABA_CLOUD_STS_REGION"); region != "" {
			host = "https://sts." + region + ".aliyuncs.com"
		}
		text, status, err := c.ask(ctx, http.MethodPost, cmp.Or(c.sts, host)+"/", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, url.Values{
			"Action": {"AssumeRoleWithOIDC"}, "Version": {"2015-04-01"}, "Format": {"JSON"}, "Timestamp": {c.now().UTC().Format("2006-01-02T15:04:05Z")}, "SignatureNonce": {rand.Text()},
			"RoleArn": {role}, "OIDCProviderArn": {provider}, "OIDCToken": {strings.TrimSpace(string(token))}, "RoleSessionName": {cmp.Or(os.Getenv("ALIBABA_CLOUD_ROLE_SESSION_NAME"), "actiontrail")},
		})
		if err != nil {
			return Identity{}, fmt.Errorf("ask STS for a key of %s: %w", role, err)
		}
		var answer struct {
			Credentials   lentKey
			Code, Message string
		}
		if err := json.Unmarshal(text, &answer); err != nil || status != http.StatusOK {
			return Identity{}, fmt.Errorf("ask STS for a key of %s: status %d, %s %s", role, status, answer.Code, answer.Message)
		}
		return answer.Credentials.identity("STS")
	})
}

// lentKey is a key as both write it.
type lentKey struct {
	AccessKeyId, AccessKeySecret, SecurityToken string
	Expiration                                  time.Time
}

func (k *lentKey) identity(who string) (Identity, error) {
	i := Identity{ID: k.AccessKeyId, Secret: k.AccessKeySecret, Token: k.SecurityToken, Expires: k.Expiration}
	if i.ID == "" || i.Secret == "" || i.Token == "" || i.Expires.IsZero() {
		return Identity{}, fmt.Errorf("the key that %s gave is not whole", who)
	}
	return i, nil
}

// longestAnswer bounds what is read: answers are a few kilobytes.
const longestAnswer = 1 << 20

func (c *Credentials) ask(ctx context.Context, method, address string, header http.Header, form url.Values) ([]byte, int, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, 0, err
	}
	req.Header = header
	res, err := c.client.Do(req)
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err // without the address
	}
	if err != nil {
		return nil, 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	return text, res.StatusCode, err
}
