// Package deploy holds what it takes to run actiontrail: the quickstart that `make
// run` starts, and configurations to begin with. Its tests load each of them.
package deploy
