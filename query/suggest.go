package query

import (
	"strings"
	"unicode/utf8"

	"github.com/actiontrail/actiontrail/event"
)

// foreignNames are names that other schemas and short memories give our fields; never changed.
var foreignNames = map[string]string{
	"@timestamp": "eventTime", "time": "eventTime", "timestamp": "eventTime", "date": "eventTime",
	"event.action": "eventName", "action": "eventName", "operation": "eventName", "name": "eventName",
	"event.category": "eventCategory", "event.id": "eventId", "id": "eventId", "type": "eventType",
	"source.ip": "sourceIpAddress", "ip": "sourceIpAddress", "sourceip": "sourceIpAddress", "client.ip": "sourceIpAddress",
	"user": "userIdentity.userName", "user.name": "userIdentity.userName", "user.id": "userIdentity.principalId", "principal": "userIdentity.principalId",
	"user_agent.original": "userAgent", "service": "serviceName", "awsregion": "acsRegion", "region": "acsRegion", "cloud.region": "acsRegion",
	"account": "recipientAccountId", "accountid": "recipientAccountId", "readonly": "eventRW", "error": "errorCode", "message": "errorMessage",
	"agent": "origin.agent", "resource": "resourceName",
}

// Suggest is the field that was probably meant by a name that is none; empty when there is no telling.
func Suggest(name string) string {
	if name == "" || len(name) > 128 {
		return ""
	}
	low := strings.ToLower(name)
	best, least := "", 1+utf8.RuneCountInString(low)/4 // how many changes are still a slip
	least = min(least, 3) + 1
	for _, f := range event.Fields() {
		field := strings.ToLower(f.Name)
		if field == low || strings.HasSuffix(field, "."+low) {
			return f.Name
		}
		if head, rest, ok := strings.Cut(name, "."); ok && f.Kind == event.Flattened && strings.EqualFold(head, f.Name) { // a leaf, but for the case
			return strings.TrimSuffix(f.Name+"."+rest, ".")
		}
		d := distance(field, low)
		if at := strings.LastIndexByte(field, '.'); at >= 0 {
			d = min(d, distance(field[at+1:], low)+1)
		}
		if d < least {
			best, least = f.Name, d
		}
	}
	if known := foreignNames[low]; known != "" {
		return known
	}
	return best
}

func suggestion(name string) string {
	if s := Suggest(name); s != "" {
		return "did you mean " + s + "?"
	}
	return "to search for the text, write it in quotes; fields are listed in docs/format/query.md"
}

// distance is how many characters must be added, removed, replaced or swapped with their neighbour.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
