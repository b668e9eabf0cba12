#!/usr/bin/env bash
# Make sure that the browser tests have a browser: install Debian's Chromium where this user may, and
# where not, name the tests that will be skipped. Never fails: the other tests run either way.
set -uo pipefail

python=$1

find_chromium() { command -v chromium || command -v chromium-browser; }

find_chromium >/dev/null && exit 0

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
  echo "Installing Chromium for the browser tests ..."
  "${as_root[@]}" apt-get update -qq >/dev/null 2>&1
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null 2>&1
fi

if ! find_chromium >/dev/null; then
  echo "There is no Chromium and it cannot be installed from here. These tests will be skipped:"
  "$python" -m pytest --collect-only -q -m browser 2>/dev/null | grep '::' | sed 's/^/  /'
fi
exit 0
