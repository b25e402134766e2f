// Package api is the HTTP face of an aggregator: search over the index, the
// state of sources, followers and trails, health and figures for machines, and
// one plain page for people. openapi.yaml is written first; types, routes and
// client are generated from it, and a test holds every answer against it.
package api

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config codegen/types.yaml openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config codegen/server.yaml openapi.yaml
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 --config codegen/client.yaml openapi.yaml
