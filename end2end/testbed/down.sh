#!/usr/bin/env bash
# Ends what up.sh started, by the pids it kept, and removes the run's data.
set -uo pipefail
. "$(dirname "$0")/env.sh"
[ -d "$RUN/pids" ] || exit 0
end() {
  local n
  for n in "$@"; do ours "$RUN/pids/$n" && kill -KILL -- "$(pid_of "$RUN/pids/$n")" 2>/dev/null; done
  return 0
}
others=$(processes | grep -vx etcd)
end $others
for _ in $(seq 50); do
  alive=0
  for n in $others; do ours "$RUN/pids/$n" && alive=1; done
  [ $alive = 0 ] && break
  sleep 0.1
done
end etcd    # last: an API server hangs on its way out without it
for _ in $(seq 50); do ours "$RUN/pids/etcd" || break; sleep 0.1; done
[ ! -f "$RUN/egress.folder" ] || rm -rf -- "$(cat "$RUN/egress.folder")"
rm -rf "$RUN"
