package s3

import (
	"net/http"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Credentials tell who asks. The zero value looks where the SDKs of AWS do: in
// the environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), in
// ~/.aws/credentials, at the web identity of a Kubernetes pod, at the role of the
// machine.
type Credentials struct {
	File    string // in the form of ~/.aws/credentials; then nothing else is asked
	Profile string // in the file; "": default
}

func (c Credentials) provider() *credentials.Credentials {
	if c.File != "" {
		return credentials.NewFileAWSCredentials(c.File, c.Profile)
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{},
		&credentials.FileAWSCredentials{Profile: c.Profile},
		// A machine without a role often has nobody at the address of the metadata.
		&credentials.IAM{Client: &http.Client{Timeout: 10 * time.Second}},
	})
}
