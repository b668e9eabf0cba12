#!/usr/bin/env bash
# Make sure that the tests have a browser and a PostgreSQL server: install Debian's packages where this user may, and
# where not, say which tests will be skipped. Starts no service. Never fails: the other tests run either way.
set -uo pipefail

python=$1

find_chromium() { command -v chromium || command -v chromium-browser; }
find_postgres() { compgen -G '/usr/lib/postgresql/*/bin/postgres' || { command -v postgres && command -v initdb; }; }

packages=()
find_chromium >/dev/null || packages+=(chromium fonts-dejavu-core)
find_postgres >/dev/null || packages+=(postgresql)
[ ${#packages[@]} = 0 ] && exit 0

as_root=()
may_install=false
if command -v apt-get >/dev/null; then
  if [ "$(id -u)" = 0 ]; then
    may_install=true
  elif sudo -n true 2>/dev/null; then
    may_install=true
    as_root=(sudo -n)
  fi
fi

if $may_install; then
  echo "Installing for the tests: ${packages[*]} ..."
  install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
  }
  "${as_root[@]}" apt-get update -qq >/dev/null 2>&1
  if [[ " ${packages[*]} " == *" postgresql "* ]]; then
    # Debian's package makes a cluster of its own and starts it, which nobody here needs: it is told not to first.
    install postgresql-common
    "${as_root[@]}" sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' \
      /etc/postgresql-common/createcluster.conf 2>/dev/null
  fi
  for package in "${packages[@]}"; do
    install "$package"
  done
fi

if ! find_chromium >/dev/null; then
  echo "There is no Chromium and it cannot be installed from here. These tests will be skipped:"
  "$python" -m pytest --collect-only -q -m browser 2>/dev/null | grep '::' | sed 's/^/  /'
fi
if ! find_postgres >/dev/null; then
  echo "There is no PostgreSQL server and it cannot be installed from here. Tests with [postgres] in their names and"
  echo "those of tests/integration/test_postgres.py will be skipped."
fi
exit 0
