// Package web serves the console, the pages for people: src/ built into dist/ by
// `make console` and embedded under the build tag console. Without the tag it
// serves one page that says how to build them, so that Go alone builds and tests
// everything. It knows no API: the pages call it as any client does.
package web
