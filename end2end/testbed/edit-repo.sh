#!/usr/bin/env bash
# A new revision of the git repository: ./edit-repo.sh MESSAGE [PATH=FILE ...]
#
# Each PATH in the repository gets FILE's content ("-": standard input, nothing: the path is removed). Without a PATH,
# what was changed in $RUN/work by other means is committed. Prints the revision as Flux writes it: main@sha1:HASH.
# Flux sees it at its next interval, or on request.
set -euo pipefail
. "$(dirname "$0")/env.sh"
[ $# -ge 1 ] || { sed -n 2p "$0" | cut -c3- >&2; exit 2; }
[ -d "$RUN/work" ] || { echo "the testbed is not up" >&2; exit 1; }
message=$1; shift
for change in "$@"; do
  case $change in *=*) ;; *) echo "want PATH=FILE, not $change" >&2; exit 2 ;; esac
  path=${change%%=*} file=${change#*=}
  case $path in /* | *..* | "") echo "not a path in the repository: $path" >&2; exit 2 ;; esac
  mkdir -p "$(dirname "$RUN/work/$path")"
  case $file in
    "") rm -rf -- "${RUN:?}/work/$path" ;;
    -) cat >"$RUN/work/$path" ;;
    *) cp -- "$file" "$RUN/work/$path" ;;
  esac
done
work_git add -A
work_git commit -qm "$message"
work_git push -q origin main
echo "main@sha1:$(work_git rev-parse HEAD)"
