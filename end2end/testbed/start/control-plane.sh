# Sourced by up.sh: etcd and API servers, then what makes a cluster of each: controller manager, scheduler, kwok, nodes.

start_etcd() {
  start etcd "$BIN/etcd" --name testbed --data-dir "$RUN/etcd" --unsafe-no-fsync \
    --listen-client-urls "http://127.0.0.1:$ETCD_PORT" --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" \
    --listen-peer-urls "http://127.0.0.1:$ETCD_PEER_PORT" \
    --initial-advertise-peer-urls "http://127.0.0.1:$ETCD_PEER_PORT" \
    --initial-cluster "testbed=http://127.0.0.1:$ETCD_PEER_PORT" --log-level warn
  await 20 etcd answers "http://127.0.0.1:$ETCD_PORT/health"
}

# The API servers reach nodes, pods and services only by this socket (see the README, "Nothing leaves the machine").
# A socket's path may have 107 characters; with a longer $RUN it lies in a temporary folder, which down.sh removes.
egress() {
  local folder=$RUN
  if [ ${#RUN} -gt 95 ]; then folder=$(mktemp -d /tmp/testbed-XXXXXX); echo "$folder" >"$RUN/egress.folder"; fi
  EGRESS_SOCKET=$folder/egress.sock
  cat >"$RUN/egress.yaml" <<Y
apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- name: cluster
  connection: {proxyProtocol: HTTPConnect, transport: {uds: {udsName: "$EGRESS_SOCKET"}}}
Y
}

start_apiserver() { # start_apiserver CLUSTER PORT
  start "apiserver-$1" "$BIN/kube-apiserver" \
    --etcd-servers="http://127.0.0.1:$ETCD_PORT" --etcd-prefix="/registry-$1" \
    --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$2" --endpoint-reconciler-type=none \
    --tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key --client-ca-file=pki/ca.crt \
    --service-account-key-file="pki/sa-$1.pub" --service-account-signing-key-file="pki/sa-$1.key" \
    --service-account-issuer=https://kubernetes.default.svc \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --service-cluster-ip-range=10.96.0.0/16 \
    --kubelet-preferred-address-types=InternalIP --kubelet-certificate-authority=pki/ca.crt \
    --kubelet-client-certificate=pki/kubelet-client.crt --kubelet-client-key=pki/kubelet-client.key \
    --egress-selector-config-file=egress.yaml --profiling=false --v=1
}

definitions() { # definitions CLUSTER
  K "$1" apply --server-side -f "$TESTBED/crds" >"$RUN/log/crds-$1.log"
  K "$1" apply -f - >/dev/null <<Y
apiVersion: v1
kind: Namespace
metadata:
  name: flux-system
  labels: {app.kubernetes.io/instance: flux-system, app.kubernetes.io/part-of: flux, app.kubernetes.io/version: "$FLUX"}
Y
}

start_controller_manager() { # start_controller_manager CLUSTER
  local n; n=$(called "$1" kcm)
  start "$n" "$BIN/kube-controller-manager" --kubeconfig "$RUN/$n.kubeconfig" \
    --authentication-kubeconfig "$RUN/$n.kubeconfig" --authorization-kubeconfig "$RUN/$n.kubeconfig" \
    --bind-address=127.0.0.1 --secure-port="$(of "$1" KCM_PORT)" --cert-dir "$RUN/tmp/$n" \
    --leader-elect=false --use-service-account-credentials=true --service-account-private-key-file="pki/sa-$1.key" \
    --root-ca-file=pki/ca.crt --cluster-signing-cert-file=pki/ca.crt --cluster-signing-key-file=pki/ca.key \
    --allocate-node-cidrs=false --concurrent-deployment-syncs=10 --concurrent-replicaset-syncs=10 \
    --kube-api-qps=200 --kube-api-burst=400
}

start_scheduler() { # start_scheduler CLUSTER ; its client's rate can be set by a file only
  local n; n=$(called "$1" scheduler)
  cat >"$RUN/$n.yaml" <<Y
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: "$RUN/$n.kubeconfig", qps: 500, burst: 1000}
Y
  start "$n" "$BIN/kube-scheduler" --config "$RUN/$n.yaml" \
    --authentication-kubeconfig "$RUN/$n.kubeconfig" --authorization-kubeconfig "$RUN/$n.kubeconfig" \
    --bind-address=127.0.0.1 --secure-port="$(of "$1" SCHED_PORT)" --cert-dir "$RUN/tmp/$n"
}

start_kwok() { # start_kwok CLUSTER : nodes, pods, pod logs, port-forwards
  local c=$1 port cidr=10.244.0.0/16; port=$(of "$1" KWOK_PORT)
  [ "$c" = a ] || cidr=10.245.0.0/16
  K "$c" apply -f - >/dev/null <<Y
apiVersion: kwok.x-k8s.io/v1alpha1
kind: ClusterLogs
metadata: {name: all}
spec:
  logs:
  - {logsFile: "$RUN/podlogs/all/all.log", follow: true}
Y
  mkdir -p "$RUN/tmp/kwok-$c"
  start "$(called "$c" kwok)" env HOME="$RUN/tmp/kwok-$c" "$BIN/kwok" --kubeconfig "$RUN/$c.kubeconfig" \
    --config "$HERE/config/kwok.yaml" --manage-all-nodes --node-ip 127.0.0.1 --node-port "$port" \
    --server-address "127.0.0.1:$port" --cidr "$cidr" --node-lease-duration-seconds 40 \
    --enable-crds Logs,ClusterLogs,PortForward,ClusterPortForward \
    --tls-cert-file "$RUN/pki/kwok.crt" --tls-private-key-file "$RUN/pki/kwok.key"
}

nodes() { # nodes CLUSTER
  local n prefix=
  [ "$1" = a ] || prefix=b-
  for n in $(seq 0 $(($(of "$1" NODES) - 1))); do
    cat <<Y
---
apiVersion: v1
kind: Node
metadata:
  name: ${prefix}node-$n
  labels: {kubernetes.io/hostname: ${prefix}node-$n, kubernetes.io/os: linux, kubernetes.io/arch: amd64}
Y
  done | K "$1" apply -f - >/dev/null
}

control_plane() { start_controller_manager "$1"; start_scheduler "$1"; start_kwok "$1"; nodes "$1"; }
