#!/usr/bin/env bash
# Proves what the testbed can do: one line "ok   WHAT: SEEN" or "FAIL WHAT: SEEN" a proof. Leaves it as it was.
set -uo pipefail
. "$(dirname "$0")/env.sh"
need jq curl awk
is_up || { echo "the testbed is not up" >&2; exit 3; }
good=0 bad=0 forwards=()
trap '[ ${#forwards[@]} = 0 ] || kill "${forwards[@]}" 2>/dev/null' EXIT
F="-n flux-system" API_A=https://127.0.0.1:$API_A_PORT API_B=https://127.0.0.1:$API_B_PORT
replicas='{.spec.replicas}' image='{.spec.template.spec.containers[0].image}'

proof() { # proof WHAT SEEN TEST... : TEST decides
  local what=$1 seen=$2; shift 2
  if "$@"; then good=$((good + 1)); echo "ok   $what: $seen"; else bad=$((bad + 1)); echo "FAIL $what: $seen"; fi
}
is() { [ "$1" = "$2" ]; }
more() { [ "$1" -gt "$2" ]; }
within() { # within SECONDS COMMAND... : repeats it until it succeeds
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.05; done
}
now() { date -u +%Y-%m-%dT%H:%M:%S.%NZ; }

# get CLUSTER ARGS... PATH : one value.  says CLUSTER ARGS... PATH WANT : is it that?
get() { local c=$1; shift; K "$c" get "${@:1:$#-1}" -o jsonpath="${*: -1}"; }
says() { [ "$(get "${@:1:$#-1}")" = "${*: -1}" ]; }
ready() { # ready CLUSTER OBJECT... : "STATUS REASON: MESSAGE"
  local filter='.status.conditions[]?|select(.type=="Ready")|.status+" "+.reason+": "+.message'
  K "$1" get "${@:2}" -o json | jq -r "$filter" | cut -c1-110
}
is_ready() { # is_ready "STATUS REASON" CLUSTER OBJECT ; what it saw last is in $seen_ready
  seen_ready=$(ready "${@:2}")
  case $seen_ready in "$1"*) ;; *) return 1 ;; esac
}
request() { # request CLUSTER OBJECT : asks for a reconcile, as the product does; prints the request's time
  local at; at=$(now)
  K "$1" $F annotate --overwrite "$2" "reconcile.fluxcd.io/requestedAt=$at" >/dev/null; echo "$at"
}
handled() { local at; at=$(request "$1" "$2"); within 30 says "$1" $F "$2" '{.status.lastHandledReconcileAt}' "$at"; }

web() { curl -sS -m 20 --cacert "$RUN/pki/ca.crt" "$@"; }
admin() { web --cert "$RUN/pki/admin.crt" --key "$RUN/pki/admin.key" "$@"; }
code() { "$@" -o /dev/null -w '%{http_code}'; }
digest() { echo "sha256:$(sha256sum | cut -d' ' -f1)"; }

applies() {
  local w n
  n=$(A $F get kustomization web -o json | jq '[.status.inventory.entries[].id]|length')
  proof "a: Kustomization" "inventory $n" is "$n" 4
  w=$(A -n web get deployment web -o json --show-managed-fields |
    jq -r '[.metadata.managedFields[]|.manager+"/"+.operation]|join(" ")')
  proof "a: field managers" "$w" grep -q kustomize-controller/Apply <<<"$w"
  w=$(get a -n demo secret sh.helm.release.v1.demo.v1 '{.data.release}' | base64 -d | base64 -d | gunzip)
  w=$(jq '.manifest|length' <<<"$w")
  proof "a: Helm's release Secret: base64(gzip(JSON))" "manifest of $w characters" more "${w:-0}" 0
  w=$(ready a -n demo helmrelease/demo-oci)
  proof "a: HelmRelease by chartRef from OCI" "$w" is "${w%% *}" True
  w="$(get b -n web deployment web "$image") $(get b -n demo helmrelease demo '{.status.history[0].chartVersion}')"
  proof "b: its own web and demo" "$w" is "$w" "example.test/web:2.0.0-b 0.2.0"
  proof "b: Deployment put there by a" "remote" says b -n from-a deployment remote $replicas 1
}

changes() {
  local old new to w revision
  A -n web scale deployment web --replicas=5 >/dev/null
  handled a kustomization/web
  proof "a: drift is undone on request" "replicas" within 10 says a -n web deployment web $replicas 2
  old=$(get a -n web deployment web "$image") new=example.test/web:1.0.$RANDOM
  for to in "$new" "$old"; do
    sed -i "s#image: .*#image: $to#" "$RUN/work/apps/web/deployment.yaml"
    revision=$("$HERE/edit-repo.sh" "Use $to")
    request a gitrepository/fleet >/dev/null
    proof "a: push to applied" "${revision:0:17} $to" within 60 says a -n web deployment web "$image" "$to"
  done
  level() { B -n paused patch configmap settings --type=merge -p "{\"data\":{\"LEVEL\":\"$1\"}}" >/dev/null; }
  level drift
  handled b kustomization/paused; sleep 1
  w=$(get b -n paused configmap settings '{.data.LEVEL}')
  proof "b: suspended: the request is marked as handled, the drift stays" "$w" is "$w" drift
  level one
  w=$(code web -X POST "http://127.0.0.1:$NC_HOOKS$(get a $F receiver push '{.status.webhookPath}')")
  proof "a: Receiver" "$w" is "$w" 200
}

fails() {
  local want object w
  while read -r want object; do
    within 100 is_ready "False $want" a $object    # an unhealthy one is tried again for 30 s of each 90 s
    proof "a: ${object##* }" "$seen_ready" grep -q "^False $want" <<<"$seen_ready"
  done <<X
ArtifactFailed $F kustomization/bad-path
BuildFailed $F kustomization/bad-build
DependencyNotReady $F kustomization/waits
ReconciliationFailed $F kustomization/tenant
HealthCheckFailed $F kustomization/unhealthy
SourceNotReady -n demo helmrelease/bad-chart
InstallFailed -n demo helmrelease/bad-values
X
  w=$(A get events -A -o json | jq '[.items[]|(.source.component // .reportingComponent // "")
    |select(test("^(source|kustomize|helm)-controller$"))]|length')
  proof "a: events of Flux" "$w" more "$w" 0
  w=$(find "$RUN/hook" -name '*.json' | wc -l)
  proof "a: alerts delivered" "$w" more "$w" 0
}

logs() {
  local c api pod con seen wrong log k at line own
  for c in a b; do
    api=API_${c^^} seen=0 wrong=
    while read -r pod con; do
      seen=$((seen + 1))
      admin "${!api}/api/v1/namespaces/web/pods/$pod/log?container=$con&tailLines=200" >"$RUN/tmp/canary"
      awk -v id="$c/web/$pod/$con" '$1!="canary" || $2!=id || (NR>1 && $3!=n+1) {x=1} {n=$3} END{exit x || NR<2}' \
        "$RUN/tmp/canary" || wrong="$wrong $pod"
    done < <(K $c -n web get pods -o json | jq -r '.items[]|.metadata.name as $p|.spec.containers[]|$p+" "+.name')
    proof "$c: logs of web: own lines only, numbered without a gap" "$seen pods${wrong:+, wrong:$wrong}" \
      test "$seen" -ge 2 -a -z "$wrong"
  done
  log="$API_A/api/v1/namespaces/web/pods/$(get a -n web pods '{.items[0].metadata.name}')/log"
  k=$(admin -m 5 -N "$log?follow=true&timestamps=true&tailLines=3" 2>/dev/null | wc -l)
  proof "a: follow, timestamps, tailLines=3" "$k lines in 5 s" more "$k" 5
  k=$(admin "$log?sinceTime=$(date -u -d '-4 seconds' +%Y-%m-%dT%H:%M:%SZ)" | wc -l)
  proof "a: sinceTime 4 s ago" "$k lines" test "$k" -ge 2 -a "$k" -le 7
  k=$(admin "$log?limitBytes=50" | wc -c)
  proof "a: limitBytes=50" "$k bytes" is "$k" 50
  for c in a b; do
    line= at=$(request $c kustomization/web)
    finished() {
      line=$(K $c $F logs deployment/kustomize-controller -c manager --timestamps --since-time="$at" |
        awk '!found && /Reconciliation finished/ {print; found=1}')
      [ -n "$line" ]
    }
    within 30 finished
    own=$(jq -r .ts <<<"${line#* }" 2>/dev/null)
    proof "$c: kustomize-controller's pod log is the process's own, at its own time" "${line:0:24}" \
      is "$(date -d "${line%% *}" +%s%3N)" "$(date -d "${own:-none}" +%s%3N)"
  done
}

artifacts() { # as a tool outside the cluster gets them
  local c api path want w
  for c in a b; do
    api=API_${c^^} path=$(get $c $F gitrepository fleet '{.status.artifact.path}')
    want=$(get $c $F gitrepository fleet '{.status.artifact.digest}')
    w=$(admin "${!api}/api/v1/namespaces/flux-system/services/http:source-controller:80/proxy/$path" | digest)
    proof "$c: artifact by the API server's proxy" "${w:0:19}" is "$w" "$want"
    "$BIN/kubectl" --kubeconfig "$RUN/$c.kubeconfig" $F port-forward deployment/source-controller "$FORWARD_PORT:9090" \
      >/dev/null 2>"$RUN/log/forward" &
    forwards=($!)
    within 10 curl -fsS -o /dev/null "http://127.0.0.1:$FORWARD_PORT/$path"
    w=$(curl -fsS "http://127.0.0.1:$FORWARD_PORT/$path" | digest)
    proof "$c: artifact by port-forward" "${w:0:19}" is "$w" "$want"
    kill "${forwards[@]}"; wait "${forwards[@]}" 2>/dev/null; forwards=()
  done
}

dry_run() {
  local w strip
  strip='del(.metadata["managedFields","resourceVersion","uid","creationTimestamp","generation","annotations"],.status)'
  A -n web get deployment web -o json | jq "$strip|.spec.replicas=7" >"$RUN/tmp/seven.json"
  apply() { # apply QUERY CURL-ARGS...
    admin -X PATCH -H 'Content-Type: application/apply-patch+yaml' --data-binary @"$RUN/tmp/seven.json" \
      "$API_A/apis/apps/v1/namespaces/web/deployments/web?dryRun=All&$1" "${@:2}"
  }
  w=$(apply 'fieldManager=kustomize-controller&force=true' | jq .spec.replicas)
  w="$w $(get a -n web deployment web $replicas)"
  proof "a: dry-run apply as kustomize-controller, and live" "$w" is "$w" "7 2"
  w=$(code apply fieldManager=somebody-else)
  proof "a: dry-run apply by another manager without force" "$w" is "$w" 409
}

access() {
  local w token user=system:serviceaccount:web:reader
  A -n web create serviceaccount reader >/dev/null
  A -n web create rolebinding reader --clusterrole=view --serviceaccount=web:reader >/dev/null
  token=$(A -n web create token reader)
  reader() { code web -H "Authorization: Bearer $token" "$@"; }
  may_list() { [ "$(reader "$API_A/api/v1/namespaces/web/pods")" = 200 ]; }
  within 5 may_list
  w="$(reader "$API_A/api/v1/namespaces/web/pods") $(reader "$API_A/api/v1/namespaces/web/secrets")"
  w="$w $(code web "$API_A/api/v1/pods") $(code web -H 'Authorization: Bearer nonsense' "$API_A/api/v1/pods")"
  w="$w $(reader "$API_B/api/v1/pods")"
  proof "a: a token on pods, on secrets; anonymous; a bad token; the token on b" "$w" is "$w" "200 403 403 401 401"
  w="$(A auth can-i list pods -n web --as=$user) $(A auth can-i delete pods -n web --as=$user 2>/dev/null)"
  proof "a: impersonation and access reviews" "$w" is "$w" "yes no"
  A -n web delete rolebinding/reader serviceaccount/reader >/dev/null
}

applies; changes; fails; logs; artifacts; dry_run; access
echo; echo "$good passed, $bad failed"
[ $bad = 0 ]
