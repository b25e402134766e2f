#!/bin/sh
# Gives one log to rsyslog and to actiontrail-agent, and prints what each took.
# rsyslog is the distribution's (apt-get install rsyslog); without it the agent runs alone.
#
#   bench/peers.sh                     # 2,000,000 lines, some minutes
#   PEERS_LINES=200000 bench/peers.sh
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin PEERS_LINES=${PEERS_LINES:-2000000} go test -count=1 -timeout 60m -run '^TestPeers$' -v ./bench | grep -Ev '^(=== |--- PASS|PASS|ok|real part)'
