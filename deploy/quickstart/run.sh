#!/bin/sh
# Starts the server and the demo gateway beside it, says where to look, and stops
# both on Ctrl-C. Called by `make run` from the root of the repository.
#
#   RATE=20               requests per second of the demo; 0 = only your own
#   LISTEN=127.0.0.1:8320 address of the API
set -eu

listen=${LISTEN:-127.0.0.1:8320}
url=http://$listen
mkdir -p data/demo

stop() {
	trap '' INT TERM EXIT
	# The demo first, so that its last line is still read.
	for pid in ${demo:-} ${server:-}; do
		kill -TERM "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
}
trap 'exit 0' INT TERM # asked for, and all is kept
trap stop EXIT

bin/actiontrail server --config deploy/quickstart --data ./data --listen "$listen" &
server=$!

# Ready within seconds; whoever waits longer is told why.
tries=0
until why=$(bin/demo --ready "$url/readyz" 2>&1); do
	if ! kill -0 "$server" 2>/dev/null; then
		code=0
		wait "$server" || code=$?
		server=
		exit "$code"
	fi
	tries=$((tries + 1))
	if [ "$tries" -gt 300 ]; then
		echo "the server is not ready after a minute: $why" >&2
		exit 1
	fi
	sleep 0.2
done

bin/demo --log data/demo/access.log --rate "${RATE:-20}" &
demo=$!

cat <<END

  actiontrail is running. Ctrl-C stops it; what it has is kept in ./data.

  Page     $url/
  API      $url/api/v1/events?limit=3
  Search   bin/actiontrail search 'eventName: StopInstance and not userIdentity.userName: ci-deployer' --from now-1h
           bin/actiontrail search 'eventType: ConsoleSignin and errorCode: *' --from now-1h
           bin/actiontrail search 'sourceIpAddress: 203.0.113.77' --from now-1h -o json
  Trails   bin/actiontrail trail status
  Archive  ./data/archive grows, an object a minute; check it with: bin/actiontrail verify ./data/archive
  Log      ./data/demo/access.log is what the agent reads

END

# Ends when either of the two does: a demo without its server is of no use, nor the other way round.
while kill -0 "$server" 2>/dev/null && kill -0 "$demo" 2>/dev/null; do
	sleep 1 &
	wait $! || true
done
exit 1
