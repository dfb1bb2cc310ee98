#!/bin/sh
# Chromium where none is found: one on the system, then the system's packages, then Playwright's own download.
# Usage: chromium.sh VENV/bin. With CI=true a machine without Chromium is a failure, elsewhere one clear line.
set -u
bin=$1
found() {
  "$bin/python" - <<'PY'
import os, sys
from pathlib import Path
from playwright.sync_api import sync_playwright
from crawler.web.chromium import find_executable
if find_executable():
    sys.exit(0)
with sync_playwright() as playwright:
    sys.exit(0 if Path(playwright.chromium.executable_path).exists() else 1)
PY
}
found && exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "installing Chromium with apt-get"
  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium) >/dev/null 2>&1
  found && exit 0
fi
echo "asking Playwright for its Chromium (at most 60 s)"
timeout 60 "$bin/python" -m playwright install chromium >/dev/null 2>&1
found && exit 0
echo "no Chromium: pages drawn by JavaScript are left out. Debian: apt-get install chromium; elsewhere: $bin/playwright install --with-deps chromium" >&2
[ "${CI:-}" = true ] && exit 1
exit 0
