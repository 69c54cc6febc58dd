#!/usr/bin/env bash
# Spark needs Java 17: install it where it is missing, on systems with apt.
set -euo pipefail

version() { java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p'; }

if command -v java >/dev/null && [ "$(version)" -ge 17 ]; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo "Spark's tests need Java 17 or newer: install it, then run make test again." >&2
  exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless
