#!/bin/sh
# Installs the real parts that tests run against and that only root can install.
# What is there is left alone; what is not Debian says so and does nothing.
set -eu

want=
command -v nginx >/dev/null || want="$want nginx-light"
command -v haproxy >/dev/null || want="$want haproxy"
command -v apache2 >/dev/null || command -v httpd >/dev/null || want="$want apache2-bin"
command -v npm >/dev/null || want="$want npm" # builds the console, gets the OpenAPI document that config is tested with
command -v chromium >/dev/null || want="$want chromium" # the flows of the console
python3 -c "import venv, ensurepip" 2>/dev/null || want="$want python3-venv" # the plugin in Python, the AWS command line
[ -x /usr/sbin/rsyslogd ] && ls /usr/lib/*/rsyslog/lmnsd_ossl.so >/dev/null 2>&1 || want="$want rsyslog rsyslog-openssl"
# Elasticsearch, whose jars Maven gets: 8.19 runs on Java 17 or later.
command -v javac >/dev/null || want="$want openjdk-17-jdk-headless"
command -v mvn >/dev/null || want="$want maven"
command -v sshd >/dev/null || [ -x /usr/sbin/sshd ] || want="$want openssh-server"
command -v sudo >/dev/null || want="$want sudo"
ls /usr/lib/postgresql/*/lib/pgaudit.so >/dev/null 2>&1 || want="$want postgresql-15-pgaudit" # Debian 12's; brings the server
command -v make >/dev/null || want="$want make"
command -v cc >/dev/null || command -v gcc >/dev/null || want="$want gcc libc6-dev" # go test -race
if [ -z "$want" ]; then
	echo "deps: all there"
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "deps: not here, and there is no apt-get to install it with:$want" >&2
	exit 1
fi

root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || { echo "deps: needs root or sudo to install:$want" >&2; exit 1; }
	root=sudo
fi
echo "deps: installing$want"
$root apt-get update -q
# shellcheck disable=SC2086 # a list of names
$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $want
case "$want" in *openssh-server* | *postgresql*)
	echo "deps: Debian may have started servers that tests do not need: systemctl disable --now ssh postgresql" ;;
esac
