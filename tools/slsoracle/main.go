// Slsoracle is the vendor's client of Log Service, for tests of ours: it makes the log
// group and the signature of a request as that client makes them, or sends one.
// It reads one request, as JSON, from the standard input, and writes what it made as
// JSON to the standard output.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"

	sls "github.com/aliyun/aliyun-log-go-sdk"
	"github.com/gogo/protobuf/proto"
)

// request says what is to be made.
type request struct {
	Topic, Source string
	Logs          []struct {
		Time   uint32
		Nanos  uint32
		Fields [][2]string
	}

	Signature                  string // v1 or v4
	Region, Key, Secret, Token string

	// To be signed; "": nothing is.
	Method, URI string
	Headers     map[string]string
	Body        []byte

	// To be sent; "": nothing is.
	Dial              string // address that all connections go to
	Endpoint, Project string
	Logstore, HashKey string
	Compression       int // as the client numbers them: 0 lz4, 1 none, 2 zstd
}

type answer struct {
	Group         []byte
	Authorization string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "slsoracle:", err)
		os.Exit(1)
	}
}

func run() error {
	var r request
	if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
		return err
	}
	group := &sls.LogGroup{Topic: proto.String(r.Topic), Source: proto.String(r.Source)}
	for _, l := range r.Logs {
		log := &sls.Log{Time: proto.Uint32(l.Time), TimeNs: proto.Uint32(l.Nanos)}
		for _, f := range l.Fields {
			log.Contents = append(log.Contents, &sls.LogContent{Key: proto.String(f[0]), Value: proto.String(f[1])})
		}
		group.Logs = append(group.Logs, log)
	}
	var a answer
	var err error
	if a.Group, err = proto.Marshal(group); err != nil {
		return err
	}
	if r.URI != "" {
		var signer sls.Signer = sls.NewSignerV1(r.Key, r.Secret)
		if r.Signature == "v4" {
			signer = sls.NewSignerV4(r.Key, r.Secret, r.Region)
		}
		if err := signer.Sign(r.Method, r.URI, r.Headers, r.Body); err != nil {
			return err
		}
		a.Authorization = r.Headers[sls.HTTPHeaderAuthorization]
	}
	if r.Dial != "" {
		if err := send(&r, group); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

func send(r *request, group *sls.LogGroup) error {
	client := sls.CreateNormalInterfaceV2(r.Endpoint, sls.NewStaticCredentialsProvider(r.Key, r.Secret, r.Token))
	client.SetHTTPClient(&http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, r.Dial)
	}}})
	if r.Signature == "v4" {
		client.SetAuthVersion(sls.AuthV4)
		client.SetRegion(r.Region)
	}
	put := &sls.PostLogStoreLogsRequest{LogGroup: group, CompressType: r.Compression}
	if r.HashKey != "" {
		put.HashKey = &r.HashKey
	}
	return client.PostLogStoreLogsV2(r.Project, r.Logstore, put)
}
