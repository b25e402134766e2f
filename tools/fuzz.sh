#!/bin/sh
# Runs each fuzz target for a time: fuzz.sh 30s ./...
# go test takes one target of one package at a time, so they are listed first.
set -eu

time=$1
shift
go=${GO:-go}
failed=
count=0
for package in $("$go" list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' "$@"); do
	for target in $(cat "$package"/*_test.go | sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' | sort -u); do
		count=$((count + 1))
		printf '%s %s: ' "${package#"$PWD"/}" "$target"
		# -fuzzminimizetime: one try, or a short run on a busy machine would do nothing else.
		if out=$("$go" test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 1x "$package" 2>&1); then
			printf '%s\n' "$out" | sed -n 's/^fuzz: elapsed: \(.*\)/\1/p' | tail -n 1
		elif ! printf '%s' "$out" | grep -q 'Failing input' && printf '%s' "$out" | grep -q '^    context deadline exceeded$'; then
			# No input failed: go test took the end of its own time for a fault (go.dev/issue/75804, mended in Go 1.27).
			printf '%s\n' "$out" | sed -n 's/^fuzz: elapsed: \(.*\)/\1/p' | tail -n 1
		else
			printf 'FAILED\n%s\n' "$out"
			failed="$failed $target"
		fi
	done
done
if [ -n "$failed" ]; then
	echo "failed:$failed; the input is below testdata/fuzz of the package: mend the code and keep the file" >&2
	exit 1
fi
echo "$count fuzz targets, $time each"
