# node_modules as package-lock.json wants it.

use_dependencies() {
  dependencies_are_installed && return 0
  lock_checkout
  if ! dependencies_are_installed; then
    # After somebody's own `npm install` everything is there already.
    node bin/lib/matches-lock.ts 2>/dev/null ||
      step dependencies 'Installing dependencies' npm_alone install --no-save
    cksum <package-lock.json >node_modules/.installed-lock
  fi
  unlock_checkout
}

dependencies_are_installed() {
  [ -f node_modules/.installed-lock ] &&
    [ "$(cat node_modules/.installed-lock)" = "$(cksum <package-lock.json)" ]
}

# npm, with the same outcome whatever the environment says of it: production, no home folder.
#
# `npm ci` cannot stand in for `npm install --no-save`: it refuses a lock file that lacks packages of
# other platforms, and a registry need not have all of them. Both install what is locked.
npm_alone() {
  npm_cache=${npm_config_cache:-${HOME:-/nonexistent}/.npm}
  mkdir -p "$npm_cache" 2>/dev/null && [ -w "$npm_cache" ] ||
    export npm_config_cache="$PWD/.cache/npm"
  exec npm "$@" --global=false --include=dev --include=optional \
    --ignore-scripts --no-audit --no-fund --no-update-notifier
}
