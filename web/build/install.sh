#!/bin/sh
# Installs what package-lock.json has in an empty folder with an empty cache: what
# only works because of what lies around here fails.
set -eu
at=$(mktemp -d)
trap 'rm -rf "$at"' EXIT
cp package.json package-lock.json .npmrc "$at"
cd "$at"
npm ci --ignore-scripts --cache "$at/cache" --loglevel error
cmp "$at/package-lock.json" "$OLDPWD/package-lock.json"
