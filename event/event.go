// Package event is the vocabulary of actiontrail: the audit event, its id and
// its canonical JSON, the batches in which events travel, and the position a
// follower has reached in them. It imports the standard library only, and
// everything else may import it.
package event

// Version is the version of the record form, the number in eventVersion.
const Version = 1

// Values of the closed fields. eventType is an open set: products add their own.
const (
	CategoryManagement = "Management"
	CategoryData       = "Data"
	CategoryInsight    = "Insight"

	TypeAPICall          = "ApiCall"
	TypeConsoleOperation = "ConsoleOperation"
	TypeConsoleSignin    = "ConsoleSignin"
	TypeConsoleSignout   = "ConsoleSignout"
	TypeServiceEvent     = "ServiceEvent"

	Write = "Write"
	Read  = "Read"

	TrustVerified = "verified" // the writer of the record checked a credential of this identity
	TrustClaimed  = "claimed"  // the client said so
	TrustNone     = "none"     // anonymous
)

// Names of the events that actiontrail itself makes.
const (
	NameUnparsed = "Unparsed" // a line that is not in the promised format
)

// Event is one action somebody took through a console or an API gateway. Its
// JSON names and their order are those of docs/format/event.md (ActionTrail's,
// plus identity trust and origin). An absent field is the zero value. Event is
// comparable: two events are the same when == says so (an Exchange differs from its
// text in Additional).
//
// Strings are UTF-8; a mapper replaces what is not (event.Text). Strings of an
// event that a mapper has just filled may alias the record and live as long as it.
type Event struct {
	ID                   string // eventId
	Category             string // eventCategory
	Type                 string // eventType
	Name                 string // eventName
	RW                   string // eventRW: Write or Read
	Source               string // eventSource: the host that served the call
	Service              string // serviceName
	APIVersion           string // apiVersion
	Time                 Time   // eventTime: when it happened, by the source's clock
	Region               string // acsRegion
	Global               bool   // isGlobal
	SourceIP             string // sourceIpAddress; not always an IP
	UserAgent            string // userAgent
	VPCID                string // vpcId
	RequestID            string // requestId; never the id of the event
	RequestParameters    Object // requestParameters
	RequestParameterJSON string // requestParameterJson
	ResponseElements     Object // responseElements
	ErrorCode            string // errorCode; only on failure
	ErrorMessage         string // errorMessage
	ReferencedResources  Object // referencedResources: type to names
	ResourceType         string // resourceType
	ResourceName         string // resourceName
	RecipientAccountID   string // recipientAccountId
	Attributes           Object // eventAttributes
	Additional           Object // additionalEventData, unless there is an Exchange
	Exchange             Exchange
	Identity             Identity
	Origin               Origin
	DuplicateOf          string // duplicateOf: the event whose audit id this record repeats with other content
	Raw                  string // raw: the record, where the source keeps it
	Extra                Object // top-level keys that are not of this form, kept as they came
}

// Identity tells who acted.
type Identity struct {
	Type              string // root-account, ram-user, assumed-role, system, api-key, jwt, mtls, basic, anonymous, …
	PrincipalID       string // principalId
	AccountID         string // accountId
	UserName          string // userName
	AccessKeyID       string // accessKeyId
	SessionAttributes Object // sessionContext.attributes
	SessionIssuer     Object // sessionContext.sessionIssuer
	Trust             string // trust: verified, claimed or none
	Source            string // source: the field of the record that gave the identity
	Extra             Object // further keys of userIdentity (arn, invokedBy, …)
}

// Origin tells where the event was read.
type Origin struct {
	Agent    string // agent: name of the agent
	Source   string // source: name of the configured source
	Epoch    uint64 // epoch of the spool
	Batch    uint64 // batch number
	Index    uint64 // place within the batch, from 0
	File     string // file: path as the source saw it, or topic or endpoint
	FileID   string // fileId: identity of the file
	Offset   int64  // offset: of the record's first byte
	Length   int64  // length of the record in bytes, without its line end
	Observed Time   // observedTime: when the agent read it
	Mapper   string // mapper and route that named the action
}
