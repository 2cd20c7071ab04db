#!/usr/bin/env bash
# Starts the testbed: one etcd, and two full clusters "a" and "b" with nodes, pods, logs and Flux of their own.
# Safe to run again: what is up and healthy stays, what was killed or paused is put right.
set -euo pipefail
. "$(dirname "$0")/env.sh"
. "$HERE/versions.env"
for part in certificates control-plane flux sample; do . "$HERE/start/$part.sh"; done
need git jq curl openssl awk setsid flock
for b in etcd kube-apiserver kwok source-controller webserve crane; do
  [ -x "$BIN/$b" ] || { echo "$BIN/$b is missing: run build.sh first" >&2; exit 1; }
done
exec 9>"$RUN.lock"
flock 9

# Following a log takes one inotify instance of kwok's user; the kernel's default is 128 for each user.
inotify() {
  local file=/proc/sys/fs/inotify/max_user_instances want=8192
  [ "$(cat $file)" -lt 1024 ] || return 0
  if [ -w $file ] && { echo $want >$file; } 2>/dev/null; then
    echo "raised fs.inotify.max_user_instances to $want"; return
  fi
  echo "fs.inotify.max_user_instances is $(cat $file): no more logs can be followed at once." \
    "As root: sysctl -w fs.inotify.max_user_instances=$want" >&2
}
all_answer() { # prints what does not
  local name url bad=0
  while read -r name url; do answers "$url" >/dev/null 2>&1 || { echo "$name"; bad=1; }; done < <(health_urls)
  return $bad
}
repair() {
  local n done=''
  for n in etcd $(processes | grep -vx etcd); do
    if ! ours "$RUN/pids/$n"; then start_again "$n"; done="$done $n"
    elif paused "$RUN/pids/$n"; then kill -CONT "$(pid_of "$RUN/pids/$n")"; done="$done $n"; fi
    [ "$n" != etcd ] || await 20 etcd answers "http://127.0.0.1:$ETCD_PORT/health"
  done
  while read -r n url; do await 90 "$n" answers "$url"; done < <(health_urls)
  if [ -z "$done" ]; then echo "already up and healthy"; else echo "up again:$done"; fi
}

if is_up && [ -e "$RUN/complete" ]; then repair; exit; fi
"$HERE/down.sh"    # what a start that did not finish left behind
for port in $ETCD_PORT $API_A_PORT $API_B_PORT $WEB_PORT $OCI_PORT $KWOK_PORT $SC_STORE $NC_HOOKS; do
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    echo "port $port is taken on this machine; set PORT_BASE (now $P) to something else" >&2; exit 1
  fi
done

mkdir -p "$RUN"/{pids,cmd,log,pki,etcd,store,store-b,git,helm,hook,podlogs/all,tmp,tmp-b}
chmod 700 "$RUN/etcd" "$RUN/pki"
T0=$(date +%s.%N)
mark() { awk -v a="$T0" -v b="$(date +%s.%N)" -v m="$*" 'BEGIN{printf "%6.1f s  %s\n", b-a, m}' | tee -a "$RUN/marks"; }

inotify
certificates; mark "certificates"
start_etcd; start_web; start_registry; egress
start_apiserver a "$API_A_PORT"
await 90 apiserver-a answers "https://127.0.0.1:$API_A_PORT/readyz"; mark "a: API server ready"
start_apiserver b "$API_B_PORT"
start podlog "$HERE/start/shared-log.sh" "$RUN/podlogs/all/all.log"
definitions a; control_plane a; mark "a: control plane and nodes"
repositories; mark "git, Helm and OCI repositories"
start_notification_controller
start_controllers a "127.0.0.1:$SC_STORE" --events-addr "http://127.0.0.1:$NC_EVENTS/"
start_podlogs
for x in "source $SC_HEALTH" "kustomize $KC_HEALTH" "helm $HC_HEALTH" "notification $NC_HEALTH"; do
  await 60 "${x% *}-controller" answers "http://127.0.0.1:${x#* }/readyz"
done
stand_ins a; mark "a: Flux controllers ready"
await 90 apiserver-b answers "https://127.0.0.1:$API_B_PORT/readyz"
definitions b; control_plane b
start_controllers b source-controller.flux-system.svc.cluster.local.
for x in "source $SC_HEALTH_B" "kustomize $KC_HEALTH_B" "helm $HC_HEALTH_B"; do
  await 60 "${x% *}-controller-b" answers "http://127.0.0.1:${x#* }/readyz"
done
stand_ins b; mark "b: control plane, nodes and Flux controllers ready"
sample_a; sample_b; sample_ready; mark "the sample objects that can be Ready are"
for c in a b; do K $c -n flux-system wait deployment --all --for=condition=Available --timeout=30s >/dev/null; done
bad=$(all_answer) || { echo "no answer from: $bad" >&2; exit 1; }
touch "$RUN/complete"
mark "everything up; kubeconfigs: $RUN/{a,b,viewer}.kubeconfig"
