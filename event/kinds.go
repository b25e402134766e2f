package event

// Kinds are what a mapper knows of the events that it makes beside the events
// themselves: two events of one mapper that have the same kind, other than 0, have
// equal strings in the fields of its group. A kind of 0 says nothing. So whoever
// collects events compares one number in place of many strings. Kinds of two
// mappers mean different things, and none leaves the process.
type Kinds struct {
	// Action: Category, Type, Name, RW, Service, APIVersion, Region, VPCID,
	// ResponseElements, ReferencedResources, ResourceType, RecipientAccountID,
	// Attributes, Origin.Mapper, DuplicateOf and Extra.
	Action uint16
	// Who: Type, Trust, Source, SessionAttributes, SessionIssuer and Extra of the Identity.
	Who uint16
	// Outcome: ErrorCode and ErrorMessage.
	Outcome uint16
}
