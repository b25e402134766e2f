#!/bin/sh
# Gives 1,000,000 events to the embedded index and to SQLite with FTS5, asks both
# the same, and prints what each took: CPU, rate, bytes, searches, and the ratio.
# SQLite is compiled from source the first time, which takes some minutes.
#
#   bench/sqlite.sh                     # about ten minutes
#   bench/sqlite.sh -events 100000
set -eu
cd "$(dirname "$0")/sqlite"
CGO_ENABLED=0 exec go run . "$@"
