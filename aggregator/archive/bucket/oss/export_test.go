package oss

import (
	"context"
	"net"
	"net/http"

	sdk "github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
)

// SetParts has objects above a size sent in parts of another.
func (b *Bucket) SetParts(above, part int64) { b.above, b.part = above, part }

// Dial has all connections go to an address, whatever host they are for.
func (b *Bucket) Dial(address string) {
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}}
	for _, c := range []**sdk.Client{&b.read, &b.write} {
		cfg := sdk.NewConfig().WithRegion(b.cfg.Region).WithEndpoint(b.cfg.Endpoint).WithHttpClient(client).WithCredentialsProvider(b.who)
		*c = sdk.NewClient(cfg)
	}
}
