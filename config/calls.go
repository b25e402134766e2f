package config

import "github.com/actiontrail/actiontrail/plugins/mapper"

// rpc reads the rules for interfaces whose action is told by a value.
func (r *reader) rpc(blocks []rpcBlock) []mapper.RPC {
	var all []mapper.RPC
	for i := range blocks {
		b := &blocks[i]
		route, ok := r.route(&routeBlock{b.Pattern, b.PatternRange, b.Host, b.Service, b.Action, b.RW, b.Type, b.Category, b.APIVersion, b.Resource, b.ErrorCode, b.Parameters, b.Additional, b.Range})
		if !ok {
			continue
		}
		if route.Action != nil {
			if text, plain := route.Action.Literal(); plain {
				r.wrong(b.Action.Range(), "write the value that tells it, like query.Action, or a route block", "the action of an rpc block is not always %q", text)
			}
		}
		all = append(all, mapper.RPC{Route: route, Target: r.captureExpression(b.Target, &route.Pattern)})
	}
	return all
}

// graphQL reads the rules for GraphQL endpoints.
func (r *reader) graphQL(blocks []graphQLBlock) []mapper.GraphQL {
	var all []mapper.GraphQL
	for i := range blocks {
		b := &blocks[i]
		route, ok := r.route(&routeBlock{Pattern: b.Pattern, PatternRange: b.PatternRange, Host: b.Host, Service: b.Service, ErrorCode: b.ErrorCode, Parameters: b.Parameters, Additional: b.Additional})
		if !ok {
			continue
		}
		if !given(b.Operation) && !given(b.Type) {
			r.wrong(b.PatternRange, "write operation = fields.graphql_operation and type = fields.graphql_type, as the gateway logs them; where it cannot, write a route", "a graphql block needs to know the operation or its type")
		}
		all = append(all, mapper.GraphQL{Route: route, Operation: r.captureExpression(b.Operation, &route.Pattern), Kind: r.captureExpression(b.Type, &route.Pattern)})
	}
	return all
}
