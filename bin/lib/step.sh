# Steps of a command: one calm line each, their noise in a log that is shown only on failure.

say() {
  printf '%s\n' "$*" >&2
}

fail() {
  say "$@"
  exit 1
}

# step <log name> <what is done> <command ...>
#
# Exits when the command fails. The command runs beside the shell, so that a signal which reaches
# the shell alone still ends it.
step() {
  step_log=.cache/$1.log
  say "$2"
  shift 2
  step_started=$(date +%s)
  "$@" >"$step_log" 2>&1 </dev/null &
  step_pid=$!
  trap 'end_step INT 130' INT
  trap 'end_step TERM 143' TERM
  trap 'end_step HUP 129' HUP
  step_status=0
  wait "$step_pid" || step_status=$?
  trap - INT TERM HUP
  [ "$step_status" -ne 0 ] || return 0
  say "That failed after $(($(date +%s) - step_started)) s. From $step_log:"
  if [ "$(wc -l <"$step_log")" -le 60 ]; then
    cat "$step_log" >&2
  else
    head -n 25 "$step_log" >&2
    say '...'
    tail -n 25 "$step_log" >&2
  fi
  exit "$step_status"
}

end_step() {
  kill -s "$1" "$step_pid" 2>/dev/null || true
  wait "$step_pid" 2>/dev/null || true
  exit "$2"
}

# Lets one command at a time change what is installed or built here; another one waits.
#
# The lock is on file descriptor 9 and ends with the process, however that ends.
lock_checkout() {
  mkdir -p .cache 2>/dev/null && [ -w .cache ] && [ -w . ] ||
    fail "$(id -un) may not write to $PWD. Run this as the owner of the folder, or clone it anew."
  exec 9>.cache/setup.lock
  hold_lock now && return 0
  say 'Another command is setting up this checkout; waiting for it'
  hold_lock wait
}

unlock_checkout() {
  exec 9>&-
}

# macOS has no flock, but Perl everywhere.
hold_lock() {
  if command -v flock >/dev/null 2>&1; then
    if [ "$1" = now ]; then flock -n 9; else flock 9; fi
  elif command -v perl >/dev/null 2>&1; then
    perl -e 'use Fcntl ":flock"; open(my $lock, ">&=9") or exit 1;
      exit(flock($lock, $ARGV[0] eq "now" ? LOCK_EX | LOCK_NB : LOCK_EX) ? 0 : 1)' "$1"
  fi
}
