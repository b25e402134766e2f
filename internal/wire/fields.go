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

// point sets p to the strings of e, in the order of the columns. It is, with
// pointSingle and pointDecided, the one list of what travels in columns of strings;
// encoder and decoder both go by it.
func point(p *[nStrings]*string, e *event.Event) {
	pointSingle(p, e)
	pointDecided(p, e)
}

// single are the columns of pointSingle.
var single = [...]uint8{0, 5, 9, 10, 12, 13, 14, 20, 23, 25, 26, 27, 28, 34, 35, 38, 40, 41, 42}

// pointSingle is point for the fields of which no kind says anything.
func pointSingle(p *[nStrings]*string, e *event.Event) {
	u, o := &e.Identity, &e.Origin
	p[0] = &e.ID
	p[5] = &e.Source
	p[9] = &e.SourceIP
	p[10] = &e.UserAgent
	p[12] = &e.RequestID
	p[13] = (*string)(&e.RequestParameters)
	p[14] = &e.RequestParameterJSON
	p[20] = &e.ResourceName
	p[additional] = (*string)(&e.Additional)
	p[25] = &u.PrincipalID
	p[26] = &u.AccountID
	p[27] = &u.UserName
	p[28] = &u.AccessKeyID
	p[34] = &o.File
	p[35] = &o.FileID
	p[38] = &e.Raw
	p[exchangeMethod] = &e.Exchange.Method
	p[exchangePath] = &e.Exchange.Path
	p[exchangeReferer] = &e.Exchange.Referer
}

// decided are the columns of pointDecided, those of each group of event.Kinds.
var decided = [nGroups][]uint8{
	groupAction:  {1, 2, 3, 4, 6, 7, 8, 11, 15, 18, 19, 21, 22, 36, 37, 39},
	groupWho:     {24, 29, 30, 31, 32, 33},
	groupOutcome: {16, 17},
}

// pointDecided is point for the fields that event.Kinds name.
func pointDecided(p *[nStrings]*string, e *event.Event) {
	p[1] = &e.Category
	p[2] = &e.Type
	p[3] = &e.Name
	p[4] = &e.RW
	p[6] = &e.Service
	p[7] = &e.APIVersion
	p[8] = &e.Region
	p[11] = &e.VPCID
	p[15] = (*string)(&e.ResponseElements)
	p[18] = (*string)(&e.ReferencedResources)
	p[19] = &e.ResourceType
	p[21] = &e.RecipientAccountID
	p[22] = (*string)(&e.Attributes)
	p[36] = &e.Origin.Mapper
	p[37] = &e.DuplicateOf
	p[39] = (*string)(&e.Extra)

	u := &e.Identity
	p[24] = &u.Type
	p[29] = (*string)(&u.SessionAttributes)
	p[30] = (*string)(&u.SessionIssuer)
	p[31] = &u.Trust
	p[32] = &u.Source
	p[33] = (*string)(&u.Extra)

	p[16] = &e.ErrorCode
	p[17] = &e.ErrorMessage
}

// isObject tells which columns of strings hold objects.
var isObject = [nStrings]bool{13: true, 15: true, 18: true, 22: true, 23: true, 29: true, 30: true, 33: true, 39: true}
