// Package access is what a server asks of those who call it, tokens and
// certificates, in files that are read again when they have changed: neither the
// renewal of a certificate nor a token that is taken back needs a restart.
package access
