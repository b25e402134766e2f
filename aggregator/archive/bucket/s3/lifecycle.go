package s3

// Lifecycle are the rules that the store follows for the objects under the prefix.
type Lifecycle struct{}
