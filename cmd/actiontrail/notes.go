package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/actiontrail/actiontrail/aggregator/api"
)

// warn tells what an answer says of itself: that the query probably means
// something else than was wanted, and that events may be missing.
func warn(to io.Writer, query string, warnings api.Warnings, incomplete api.Incomplete) {
	for _, w := range warnings {
		fmt.Fprintf(to, "warning: %s\n", visible(w.Detail))
		switch {
		case w.Position != nil:
			fmt.Fprintln(to, marked(query, *w.Position, w.Hint))
		case w.Hint != "":
			fmt.Fprintln(to, visible(w.Hint))
		}
	}
	for _, why := range incomplete {
		fmt.Fprintf(to, "warning: events may be missing in this answer: %s\n", visible(why))
	}
}

// warnOfQuery asks what there is to say of a query whose answer is a stream, which says nothing.
func (c *client) warnOfQuery(ctx context.Context, to io.Writer, query string) error {
	if strings.TrimSpace(query) == "" {
		return nil
	}
	var check api.QueryCheck
	r, err := c.CheckQuery(ctx, &api.CheckQueryParams{Query: query})
	if err := explain(query, c.decode(r, err, &check)); err != nil {
		return err
	}
	if e := check.Error; !check.Valid { // said here already, as one who waits for a stream should not have to
		at := 0
		if e.Position != nil {
			at = *e.Position
		}
		return usageError("invalid query: %s\n%s", visible(e.Detail), marked(query, at, e.Hint))
	}
	warn(to, query, check.Warnings, nil)
	return nil
}
