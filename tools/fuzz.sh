#!/bin/sh
# Runs each fuzz target for a time: fuzz.sh 30s ./...
# A package is built once, and its program runs one target after the other.
set -eu

time=$1
shift
go=${GO:-go}
cache=$("$go" env GOCACHE)/fuzz # where go test keeps what it found worth trying again
failed=
count=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for package in $("$go" list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}:{{.ImportPath}}{{end}}' "$@"); do
	path=${package##*:}
	package=${package%:*}
	grep -qs '^func Fuzz' "$package"/*_test.go || continue
	"$go" test -c -fuzz . -o "$work/fuzz.test" "$package"
	for target in $(cd "$package" && "$work/fuzz.test" -test.list '^Fuzz'); do
		count=$((count + 1))
		printf '%s %s: ' "${package#"$PWD"/}" "$target"
		# minimizetime: one try, or a short run on a busy machine would do nothing else.
		if out=$(cd "$package" && "$work/fuzz.test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$time" -test.fuzzminimizetime 1x -test.fuzzcachedir "$cache/$path" 2>&1); then
			printf '%s\n' "$out" | sed -n 's/^fuzz: elapsed: \(.*\)/\1/p' | tail -n 1
		elif ! printf '%s' "$out" | grep -q 'Failing input' && printf '%s' "$out" | grep -q '^    context deadline exceeded$'; then
			# No input failed: it took the end of its own time for a fault (go.dev/issue/75804, mended in Go 1.27).
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
