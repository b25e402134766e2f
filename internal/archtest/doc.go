// Package archtest keeps the laws of this repository, which ARCHITECTURE.md
// explains: who may import whom, which technology lives where, that every package
// says what it is for, and a few rules of writing. Its tests parse the sources
// themselves, so that a cached result never hides a change, and every complaint
// says what to do instead.
package archtest
