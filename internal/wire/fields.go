package wire

import "github.com/actiontrail/actiontrail/event"

// nStrings is how many columns of strings there are. Column i has field number
// i+1 in Columns of proto/actiontrail/v1/batch.proto, where their names stand.
const nStrings = 43

// Field numbers of the other columns.
const (
	colTime       = 64
	colObserved   = 65
	colOffset     = 66
	colLength     = 67
	colGlobal     = 68
	colGeneration = 69
	colStatus     = 70
	colBytes      = 71
	colDuration   = 72
)

// point sets p to the strings of e, in the order of the columns. It is the one
// list of what travels in columns of strings; encoder and decoder both go by it.
func point(p *[nStrings]*string, e *event.Event) {
	u, o := &e.Identity, &e.Origin
	*p = [nStrings]*string{
		&e.ID,
		&e.Category,
		&e.Type,
		&e.Name,
		&e.RW,
		&e.Source,
		&e.Service,
		&e.APIVersion,
		&e.Region,
		&e.SourceIP,
		&e.UserAgent,
		&e.VPCID,
		&e.RequestID,
		(*string)(&e.RequestParameters),
		&e.RequestParameterJSON,
		(*string)(&e.ResponseElements),
		&e.ErrorCode,
		&e.ErrorMessage,
		(*string)(&e.ReferencedResources),
		&e.ResourceType,
		&e.ResourceName,
		&e.RecipientAccountID,
		(*string)(&e.Attributes),
		(*string)(&e.Additional),
		&u.Type,
		&u.PrincipalID,
		&u.AccountID,
		&u.UserName,
		&u.AccessKeyID,
		(*string)(&u.SessionAttributes),
		(*string)(&u.SessionIssuer),
		&u.Trust,
		&u.Source,
		(*string)(&u.Extra),
		&o.File,
		&o.FileID,
		&o.Mapper,
		&e.DuplicateOf,
		&e.Raw,
		(*string)(&e.Extra),
		&e.Exchange.Method,
		&e.Exchange.Path,
		&e.Exchange.Referer,
	}
}

// decided are the columns of the fields in each group of event.Kinds.
var decided = [nGroups][]uint8{
	groupAction:  {1, 2, 3, 4, 6, 7, 8, 11, 15, 18, 19, 21, 22, 36, 37, 39},
	groupWho:     {24, 29, 30, 31, 32, 33},
	groupOutcome: {16, 17},
}

// isObject tells which columns of strings hold objects.
var isObject = [nStrings]bool{13: true, 15: true, 18: true, 22: true, 23: true, 29: true, 30: true, 33: true, 39: true}
