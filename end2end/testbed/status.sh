#!/usr/bin/env bash
# One line a process: name, state, pid, answer. Exit 0: all healthy; 1: something is not; 3: the testbed is not up.
set -uo pipefail
. "$(dirname "$0")/env.sh"
is_up || { echo "down"; exit 3; }
bad=0
for n in $(processes); do
  f=$RUN/pids/$n state=running answer=-
  if ! ours "$f"; then state=dead
  elif paused "$f"; then state=paused
  else
    url=$(health_urls | awk -v n="$n" '$1==n{print $2}')
    if [ -n "$url" ]; then if answers "$url" >/dev/null 2>&1; then answer=ok; else answer="no answer"; fi; fi
  fi
  [ "$state" = running ] && [ "$answer" != "no answer" ] || bad=1
  printf '%-26s %-8s %-8s %s\n' "$n" "$state" "$(pid_of "$f")" "$answer"
done
[ -e "$RUN/complete" ] || { echo "the start did not finish"; bad=1; }
exit $bad
