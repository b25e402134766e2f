// Package store is what buckets in stores on the network have in common: the
// connections, reading on where one broke off, and the rules that a store keeps.
package store
