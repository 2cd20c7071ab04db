# Sourced by every script: settings, addresses, and the processes of a run. Everything listens on 127.0.0.1.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TESTBED=${TESTBED:-${XDG_CACHE_HOME:-$HOME/.cache}/flux-orchestrator/testbed}   # what is built, kept between runs
RUN=${RUN:-$HERE/../../target/testbed-run}                                      # what a run writes
mkdir -p "$TESTBED" "$(dirname "$RUN")"
TESTBED=$(cd "$TESTBED" && pwd) RUN=$(cd "$(dirname "$RUN")" && pwd)/$(basename "$RUN")
BIN=$TESTBED/bin
NODES=${NODES:-3} NODES_B=${NODES_B:-2}
PODLOG_RATE=${PODLOG_RATE:-1}     # canary lines a second in each container's log
PODLOG_MAX=${PODLOG_MAX:-1000}    # pods of a cluster that get logs of their own; the others share one

# Ports. Another base lets two testbeds live side by side; the bases must differ by 250 or more.
P=${PORT_BASE:-26000}
ETCD_PORT=$((P + 79)) ETCD_PEER_PORT=$((P + 80)) API_A_PORT=$((P + 43)) API_B_PORT=$((P + 44))
WEB_PORT=$((P + 48)) OCI_PORT=$((P + 49)) FORWARD_PORT=$((P + 201))
KCM_PORT=$((P + 57)) SCHED_PORT=$((P + 59)) KWOK_PORT=$((P + 47))
SC_STORE=$((P + 90)) SC_METRICS=$((P + 91)) SC_HEALTH=$((P + 92))
KC_METRICS=$((P + 93)) KC_HEALTH=$((P + 94)) HC_METRICS=$((P + 95)) HC_HEALTH=$((P + 96))
NC_EVENTS=$((P + 97)) NC_METRICS=$((P + 98)) NC_HEALTH=$((P + 99)) NC_HOOKS=$((P + 100))
KCM_PORT_B=$((P + 157)) SCHED_PORT_B=$((P + 159)) KWOK_PORT_B=$((P + 147))
SC_STORE_B=$((P + 190)) SC_METRICS_B=$((P + 191)) SC_HEALTH_B=$((P + 192))
KC_METRICS_B=$((P + 193)) KC_HEALTH_B=$((P + 194)) HC_METRICS_B=$((P + 195)) HC_HEALTH_B=$((P + 196))
WEB=http://127.0.0.1:$WEB_PORT OCI=127.0.0.1:$OCI_PORT

# Nothing here goes through a proxy of the machine, nor reads the user's git and Helm settings.
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null

A() { "$BIN/kubectl" --kubeconfig "$RUN/a.kubeconfig" "$@"; }
B() { "$BIN/kubectl" --kubeconfig "$RUN/b.kubeconfig" "$@"; }
K() { local c=$1; shift; "$BIN/kubectl" --kubeconfig "$RUN/$c.kubeconfig" "$@"; }
work_git() { git -C "$RUN/work" -c user.name=testbed -c user.email=testbed@example.test "$@"; }

# of CLUSTER NAME : the variable NAME for a, NAME_B for b.  called CLUSTER NAME : NAME for a, NAME-b for b
of() { local v=$2; [ "$1" = a ] || v=$2_B; echo "${!v}"; }
called() { if [ "$1" = a ]; then echo "$2"; else echo "$2-b"; fi; }

# need PROGRAM... : says plainly which programs are missing
need() {
  local p missing=()
  for p in "$@"; do command -v "$p" >/dev/null || missing+=("$p"); done
  [ ${#missing[@]} = 0 ] || { echo "missing on this machine: ${missing[*]}" >&2; exit 1; }
}

# --- processes -----------------------------------------------------------------------------------------------------
# A pid file holds "PID STARTTIME" (field 22 of /proc/PID/stat), so that a pid used again is never taken for ours.

starttime() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
pid_of() { local p _; read -r p _ <"$1" && echo "$p"; }
ours() { # ours PIDFILE : does the process that we started live?
  local p t
  [ -f "$1" ] && read -r p t <"$1" && [ -r "/proc/$p/status" ] || return 1
  ! grep -q '^State:.Z' "/proc/$p/status" && [ "$(starttime "$p")" = "$t" ]
}
paused() { grep -q '^State:.T' "/proc/$(pid_of "$1")/status"; }

# start NAME COMMAND... : in the background, in $RUN, in a session of its own; command, pid and log are kept
start() {
  local name=$1; shift
  printf '%s\0' "$@" >"$RUN/cmd/$name"
  (cd "$RUN" && exec setsid "$@" >>"$RUN/log/$name.log" 2>&1 </dev/null 9>&-) &    # 9: the lock of up.sh
  echo "$! $(starttime $!)" >"$RUN/pids/$name"
}
start_again() { local c; mapfile -d '' -t c <"$RUN/cmd/$1"; start "$1" "${c[@]}"; }
processes() { local f; for f in "$RUN"/pids/*; do [ -f "$f" ] && basename "$f"; done; }
is_up() { local n; for n in $(processes); do ours "$RUN/pids/$n" && return 0; done; return 1; }

# --- health --------------------------------------------------------------------------------------------------------
health_urls() { # "PROCESS URL" for all that answer for themselves
  echo "etcd http://127.0.0.1:$ETCD_PORT/health
apiserver-a https://127.0.0.1:$API_A_PORT/readyz
apiserver-b https://127.0.0.1:$API_B_PORT/readyz
webserve $WEB/healthz
registry http://$OCI/v2/
source-controller http://127.0.0.1:$SC_HEALTH/readyz
kustomize-controller http://127.0.0.1:$KC_HEALTH/readyz
helm-controller http://127.0.0.1:$HC_HEALTH/readyz
notification-controller http://127.0.0.1:$NC_HEALTH/readyz
source-controller-b http://127.0.0.1:$SC_HEALTH_B/readyz
kustomize-controller-b http://127.0.0.1:$KC_HEALTH_B/readyz
helm-controller-b http://127.0.0.1:$HC_HEALTH_B/readyz"
}
answers() { curl -fsS -m 3 --cacert "$RUN/pki/ca.crt" "$1"; }
# await SECONDS NAME COMMAND... : waits for a command to succeed while NAME lives
await() {
  local n=$(($1 * 10)) name=$2; shift 2
  until "$@" >/dev/null 2>&1; do
    n=$((n - 1))
    if [ $n -le 0 ] || ! ours "$RUN/pids/$name"; then
      echo "$name did not come up; the end of its log:" >&2; tail -5 "$RUN/log/$name.log" >&2; exit 1
    fi
    sleep 0.1
  done
}
