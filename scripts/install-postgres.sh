#!/usr/bin/env bash
# The tests of the site need PostgreSQL: install it where it is missing, on systems with apt.
set -euo pipefail

if command -v initdb >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; then exit 0; fi
if ! command -v apt-get >/dev/null; then
  echo "The tests of the site need PostgreSQL: install it, then run make test again." >&2
  exit 1
fi
as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# Only the programs: the tests make a cluster of their own.
$as_root mkdir -p /etc/postgresql-common
echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
$as_root apt-get install -y -qq --no-install-recommends postgresql
