# The chat page, built anew when what it is made of has changed.

page_folder=packages/web/dist

build_page() {
  page_is_built && return 0
  lock_checkout
  if ! page_is_built; then
    page_sources_now=$(page_sources)
    rm -f "$page_folder/.built-from"
    step page 'Building the page' vite_build
    printf '%s\n' "$page_sources_now" >"$page_folder/.built-from"
  fi
  unlock_checkout
}

page_is_built() {
  [ -f "$page_folder/.built-from" ] &&
    [ "$(cat "$page_folder/.built-from")" = "$(page_sources)" ]
}

vite_build() {
  exec node_modules/.bin/vite build packages/web --logLevel warn
}

# One number for everything the page is made of.
page_sources() {
  find packages/web packages/client/src packages/protocol/src package-lock.json \
    \( -name node_modules -o -path "$page_folder" \) -prune -o -type f -exec cksum {} + |
    LC_ALL=C sort | cksum
}
