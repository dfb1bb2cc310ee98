#!/bin/sh
# PostgreSQL for the tests, where none is found: the system's packages. The tests start a server of their own with it.
# With CI=true a machine without it is a failure, elsewhere one clear line.
set -u
found() {
  command -v pg_ctl >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/pg_ctl /usr/pgsql-*/bin/pg_ctl \
    /opt/homebrew/opt/postgresql*/bin/pg_ctl /usr/local/pgsql/bin/pg_ctl 2>/dev/null | grep -q .
}
found && exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "installing PostgreSQL with apt-get"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql) >/dev/null 2>&1
  found && exit 0
fi
echo "no PostgreSQL: the tests that need it are left out. Debian: apt-get install postgresql" >&2
[ "${CI:-}" = true ] && exit 1
exit 0
