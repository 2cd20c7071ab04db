# Sourced by up.sh: the Flux controllers as processes, and in the clusters the Deployments that stand for them.

# controller CLUSTER NAME FLAGS... ; b's artifact URLs carry the name that a real installation has, so its controllers
# are told by SOURCE_CONTROLLER_LOCALHOST where that is
controller() {
  local c=$1 name=$2 tmp=$RUN/tmp e; shift 2
  e=(KUBECONFIG="$RUN/$c.kubeconfig" RUNTIME_NAMESPACE=flux-system POD_NAMESPACE=flux-system)
  [ "$c" = a ] || { tmp=$RUN/tmp-b; e+=(SOURCE_CONTROLLER_LOCALHOST="127.0.0.1:$SC_STORE_B"); }
  start "$(called "$c" "$name")" env "${e[@]}" TMPDIR="$tmp" HOME="$tmp" \
    "$BIN/$name" --watch-all-namespaces --enable-leader-election=false --log-encoding=json --log-level=info "$@"
}

start_notification_controller() {
  controller a notification-controller --events-addr "127.0.0.1:$NC_EVENTS" --receiverAddr "127.0.0.1:$NC_HOOKS" \
    --metrics-addr "127.0.0.1:$NC_METRICS" --health-addr "127.0.0.1:$NC_HEALTH"
}
start_controllers() { # start_controllers CLUSTER ADVERTISED-ADDRESS [--events-addr URL]
  local c=$1 advertised=$2 store=$RUN/store; shift 2
  [ "$c" = a ] || store=$RUN/store-b
  controller "$c" source-controller --storage-path "$store" --storage-addr "127.0.0.1:$(of "$c" SC_STORE)" \
    --storage-adv-addr "$advertised" --metrics-addr "127.0.0.1:$(of "$c" SC_METRICS)" \
    --health-addr "127.0.0.1:$(of "$c" SC_HEALTH)" "$@"
  controller "$c" kustomize-controller --metrics-addr "127.0.0.1:$(of "$c" KC_METRICS)" \
    --health-addr "127.0.0.1:$(of "$c" KC_HEALTH)" "$@"
  controller "$c" helm-controller --metrics-addr "127.0.0.1:$(of "$c" HC_METRICS)" \
    --health-addr "127.0.0.1:$(of "$c" HC_HEALTH)" "$@"
}

# stand_in CLUSTER NAME VERSION FORWARDS : the Deployment of a controller as Flux installs it, on a kwok node. Its pod's
# log is the log of the process, its ports lead to the process's ports (webserve/pods.go).
stand_in() {
  local c=$1 name=$2 version=$3 forwards=$4 ports='' x
  local labels="app.kubernetes.io/component: $name, app.kubernetes.io/instance: flux-system, \
app.kubernetes.io/part-of: flux, app.kubernetes.io/version: $FLUX"
  for x in ${forwards//,/ }; do
    case ${x%%=*} in
      9090) ports="$ports{containerPort: 9090, name: http}, " ;;
      9292) ports="$ports{containerPort: 9292, name: http-webhook}, " ;;
      8080) ports="$ports{containerPort: 8080, name: http-prom}, " ;;
      9440) ports="$ports{containerPort: 9440, name: healthz}, " ;;
    esac
  done
  cat <<Y
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name, namespace: flux-system, labels: {$labels, control-plane: controller}}
spec:
  replicas: 1
  strategy: {type: Recreate}
  selector: {matchLabels: {app: $name}}
  template:
    metadata:
      labels: {app: $name, $labels}
      annotations: {testbed/log-file: "$RUN/podlogs/$c/.flux/$name/0.log", testbed/forward: "$forwards"}
    spec:
      containers:
      - name: manager
        image: "example.test/fluxcd/$name:$version"
        args: [--watch-all-namespaces, --log-level=info, --log-encoding=json]
        ports: [${ports%, }]
Y
}
service() { # service NAME APP TARGET
  cat <<Y
---
apiVersion: v1
kind: Service
metadata:
  name: $1
  namespace: flux-system
  labels: {app.kubernetes.io/component: $2, app.kubernetes.io/part-of: flux}
spec: {selector: {app: $2}, ports: [{name: http, port: 80, targetPort: $3}]}
Y
}
stand_ins() { # stand_ins CLUSTER
  local c=$1 h=127.0.0.1
  {
    stand_in "$c" source-controller "$SOURCE_CONTROLLER" \
      "9090=$h:$(of "$c" SC_STORE),8080=$h:$(of "$c" SC_METRICS),9440=$h:$(of "$c" SC_HEALTH)"
    stand_in "$c" kustomize-controller "$KUSTOMIZE_CONTROLLER" \
      "8080=$h:$(of "$c" KC_METRICS),9440=$h:$(of "$c" KC_HEALTH)"
    stand_in "$c" helm-controller "$HELM_CONTROLLER" "8080=$h:$(of "$c" HC_METRICS),9440=$h:$(of "$c" HC_HEALTH)"
    service source-controller source-controller http
    if [ "$c" = a ]; then
      stand_in a notification-controller "$NOTIFICATION_CONTROLLER" \
        "9090=$h:$NC_EVENTS,9292=$h:$NC_HOOKS,8080=$h:$NC_METRICS,9440=$h:$NC_HEALTH"
      service notification-controller notification-controller http
      service webhook-receiver notification-controller http-webhook
    fi
  } | K "$c" apply -f - >"$RUN/log/stand-ins-$c.log"
}

# Every pod's log, the controllers' logs in the pods' format, and the API servers' way to pods.
start_podlogs() {
  local x flags=(-cluster "a=https://127.0.0.1:$API_A_PORT" -cluster "b=https://127.0.0.1:$API_B_PORT")
  for x in source kustomize helm notification; do
    flags+=(-tail "$RUN/log/$x-controller.log=$RUN/podlogs/a/.flux/$x-controller/0.log")
  done
  for x in source kustomize helm; do
    flags+=(-tail "$RUN/log/$x-controller-b.log=$RUN/podlogs/b/.flux/$x-controller/0.log")
  done
  start podlogs "$BIN/webserve" podlogs -dir "$RUN/podlogs" -rate "$PODLOG_RATE" -max "$PODLOG_MAX" \
    -egress "$EGRESS_SOCKET" -ca "$RUN/pki/ca.crt" -cert "$RUN/pki/admin.crt" -key "$RUN/pki/admin.key" "${flags[@]}"
}
