# The programs that the tests run: found, or installed from Debian's packages, or named as missing.

use_test_tools() {
  find_test_tools && return 0
  if may_install_packages; then
    lock_checkout
    (install_packages) || true
    unlock_checkout
    find_test_tools && return 0
  fi
  explain_missing_tools
  return 1
}

# Sets and exports CHROMIUM, REDIS_SERVER, NGINX and POSTGRES_BIN; what is set already is taken as it is.
find_test_tools() {
  missing_packages=
  find_tool CHROMIUM chromium chromium chromium-browser google-chrome
  find_tool REDIS_SERVER redis-server redis-server
  find_tool NGINX nginx nginx
  find_postgres
  [ -z "$missing_packages" ]
}

# find_tool <variable> <Debian package> <command ...>
find_tool() {
  tool_variable=$1
  tool_package=$2
  shift 2
  eval "tool_path=\${$tool_variable:-}"
  for tool_command in "$@"; do
    [ -n "$tool_path" ] || tool_path=$(PATH=$PATH:/usr/sbin:/sbin command -v "$tool_command") || true
  done
  if [ -x "$tool_path" ]; then
    export "$tool_variable=$tool_path"
  else
    missing_packages="$missing_packages $tool_package"
  fi
}

# The folder with postgres and initdb, which Debian keeps off the PATH; the newest, at least 15.
find_postgres() {
  if [ -z "${POSTGRES_BIN:-}" ]; then
    for postgres_bin in /usr/lib/postgresql/1[5-9]/bin /usr/lib/postgresql/[2-9][0-9]/bin; do
      [ -x "$postgres_bin/postgres" ] && POSTGRES_BIN=$postgres_bin
    done
    postgres_bin=$(command -v postgres) || true
    [ -n "${POSTGRES_BIN:-}" ] || [ -z "$postgres_bin" ] || POSTGRES_BIN=$(dirname "$postgres_bin")
  fi
  if [ -x "${POSTGRES_BIN:-}/postgres" ] && [ -x "${POSTGRES_BIN:-}/initdb" ]; then
    export POSTGRES_BIN
  else
    missing_packages="$missing_packages postgresql"
  fi
}

may_install_packages() {
  [ "$(id -u)" -eq 0 ] && grep -qx 'ID=debian' /etc/os-release 2>/dev/null &&
    command -v apt-get >/dev/null 2>&1
}

install_packages() {
  say "Installing$missing_packages from Debian's packages, for the tests"
  export DEBIAN_FRONTEND=noninteractive
  step apt-update '  Reading the list of packages' apt-get update -q
  keep_services_stopped
  # shellcheck disable=SC2086 # One word for each package.
  step apt-install '  Downloading and installing' apt-get install -qy --no-install-recommends \
    -o DPkg::Lock::Timeout=300 $missing_packages
  disable_services
}

# The tests start what they need, on ports of their own: no service may take 80, 5432 or 6379.
keep_services_stopped() {
  [ -e /usr/sbin/policy-rc.d ] && return 0
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
}

# Nor with the next start of the machine.
disable_services() {
  command -v systemctl >/dev/null 2>&1 || return 0
  for package in $missing_packages; do
    systemctl --quiet disable "$package.service" >/dev/null 2>&1 || true
  done
}

explain_missing_tools() {
  say "The tests need programs that are not here; none of the tests is left out for that. Missing:"
  for package in $missing_packages; do
    case $package in
      chromium) say '  Chromium       put its path into CHROMIUM' ;;
      redis-server) say '  redis-server   put its path into REDIS_SERVER' ;;
      nginx) say '  nginx          put its path into NGINX' ;;
      postgresql) say '  PostgreSQL 15+ put the folder of postgres and initdb into POSTGRES_BIN' ;;
    esac
  done
  say "On Debian: sudo apt-get install --no-install-recommends$missing_packages"
  say "Or run npm test as root there, which installs them."
}
