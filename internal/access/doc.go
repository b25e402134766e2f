// Package access is what a server asks of those who call it, and what one who calls shows: tokens,
// passwords and certificates, in files that are read again when they have changed. Neither the
// renewal of a certificate nor a token that is taken back needs a restart.
package access
