#!/usr/bin/env bash
# Faults: ./svc.sh stop|kill|pause|resume|start|restart NAME   (names: status.sh)
set -euo pipefail
. "$(dirname "$0")/env.sh"
[ $# = 2 ] || { sed -n 2p "$0" | cut -c3- >&2; exit 2; }
what=$1 name=$2 f=$RUN/pids/$2
[ -f "$RUN/cmd/$name" ] || { echo "no process $name; there are: $(processes | xargs)" >&2; exit 1; }
send() { ours "$f" || { echo "$name is not running" >&2; exit 1; }; kill -"$1" -- "$(pid_of "$f")"; }
gone() { for _ in $(seq 300); do ours "$f" || return 0; sleep 0.1; done; echo "$name still runs" >&2; exit 1; }
begin() { ! ours "$f" || { echo "$name runs already" >&2; exit 1; }; start_again "$name"; }
case $what in
  stop) send TERM; gone ;;
  kill) send KILL; gone ;;
  pause) send STOP ;;
  resume) send CONT ;;
  start) begin ;;
  restart) send KILL; gone; begin ;;
  *) echo "unknown: $what" >&2; exit 2 ;;
esac
