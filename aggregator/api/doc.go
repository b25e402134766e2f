// Package api is the HTTP face of an aggregator: search over the index, the
// state of sources, followers and trails, health and figures for machines.
// openapi.yaml is written first; types, routes and client are generated from it,
// and a test holds every answer against it. The pages for people are web's.
package api

//go:generate go tool -modfile=../../tools/go.mod oapi-codegen --config codegen/types.yaml openapi.yaml
//go:generate go tool -modfile=../../tools/go.mod oapi-codegen --config codegen/server.yaml openapi.yaml
//go:generate go tool -modfile=../../tools/go.mod oapi-codegen --config codegen/client.yaml openapi.yaml
