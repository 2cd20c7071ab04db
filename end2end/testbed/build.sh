#!/usr/bin/env bash
# Builds every program of the testbed from Go modules: ./build.sh [component ...]
#
# Each component gets its own module folder ($TESTBED/mods/NAME), because the dependency graphs do not agree with each
# other. Its go.mod requires one upstream module and repeats that module's own replace lines, which Go ignores in a
# dependency, so the build list is the upstream one. mods/NAME here holds the pinned files. What the same inputs built
# before is not built again. Two builds wait for each other.
set -euo pipefail
. "$(dirname "$0")/env.sh"
. "$HERE/versions.env"
need go git jq curl flock
MODS=$TESTBED/mods
mkdir -p "$BIN" "$MODS"
export GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS="-buildvcs=false -mod=mod"
exec 8>"$TESTBED/build.lock"
flock -n 8 || { echo "another build is under way, waiting for it"; flock 8; }

# module NAME MODULE VERSION : puts the pinned go.mod in place, or makes one where none is pinned
module() {
  local name=$1 mod=$2 ver=$3 dir=$MODS/$1 up
  mkdir -p "$dir"
  if [ -f "$HERE/mods/$name/go.mod" ]; then cp "$HERE/mods/$name"/go.{mod,sum} "$dir/"; return; fi
  up=$(cd / && go mod download -json "$mod@$ver" | jq -r .GoMod)
  {
    echo "module testbed/$name"; echo
    awk '$1=="go"{print; exit}' "$up"; echo
    awk '$1=="godebug"{print}' "$up"
    echo "require $mod $ver"; echo
    # "old => ./staging/src/k8s.io/x" becomes "k8s.io/x v0.MINOR.PATCH"; a module's own
    # ./api directory is published as MODULE/api under a tag of its own.
    go mod edit -json "$up" | jq -r --arg v "$ver" '
      ([.Require[]?.Path]) as $req
      | .Replace[]? | . as $r
      | if (.New.Version // "") != "" then
          "replace \(.Old.Path)\(if .Old.Version then " "+.Old.Version else "" end) => \(.New.Path) \(.New.Version)"
        elif (.New.Path | startswith("./staging/")) then
          (if ($req | index($r.Old.Path))
           then "replace \(.Old.Path) => \(.Old.Path) v0\($v | ltrimstr("v1"))" else empty end)
        else empty end'
    go mod edit -json "$up" | jq -r '.Exclude[]? | "exclude \(.Path) \(.Version)"'
    [ ! -f "$HERE/extra/$name.mod" ] || cat "$HERE/extra/$name.mod"
  } >"$dir/go.mod"
}

# build NAME OUTPUT PACKAGE [go build flags...]
build() {
  local name=$1 out=$2 pkg=$3 key; shift 3
  cd "$MODS/$name"
  key=$({
    go version; printf '%s\n' "$pkg" "$@"; cat go.mod
    [ ! -f main.go ] || cat ./*.go
    if grep -q '=> ../artifact' go.mod; then cat "$MODS"/artifact/*/*.go; fi
  } | sha256sum | cut -d' ' -f1)
  if [ ! -x "$BIN/$out" ] || [ "$(cat "$BIN/.$out.key" 2>/dev/null)" != "$key" ]; then
    echo "building $out"
    rm -f "$BIN/.$out.key"
    go build "$@" -o "$BIN/$out" "$pkg"
    echo "$key" >"$BIN/.$out.key"
  fi
  cd "$HERE"
}

kubernetes() { # kubernetes PROGRAM... ; the version must be set, the default is an unexpanded template
  module kubernetes k8s.io/kubernetes "$KUBERNETES"
  local minor=${KUBERNETES#v1.} x="-s -w" p c; minor=${minor%%.*}
  for p in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    x="$x -X $p.gitVersion=$KUBERNETES -X $p.gitMajor=1 -X $p.gitMinor=$minor"
    x="$x -X $p.gitCommit=testbed -X $p.gitTreeState=clean"
  done
  for c in "$@"; do build kubernetes "$c" "k8s.io/kubernetes/cmd/$c" -ldflags "$x"; done
}
plain() { # plain NAME MODULE VERSION [PACKAGE] [LDFLAGS]
  module "$1" "$2" "$3"; build "$1" "$1" "${4:-$2}" -ldflags "-s -w${5:+ $5}"
}
webserve() { # its sources are here; the folder is emptied first, so that no removed file is built
  rm -rf "$MODS/webserve"; cp -r "$HERE/webserve" "$MODS/webserve"; build webserve webserve . -ldflags "-s -w"
}
source_controller() {
  rm -rf "$MODS/artifact"; cp -r "$HERE/artifact" "$MODS/artifact"
  plain source-controller github.com/fluxcd/source-controller "$SOURCE_CONTROLLER"
}
# source_of NAME MODULE : the folder of a module's sources, which a program that was kept has not fetched
source_of() {
  cd "$MODS/$1" && go mod download -json "$2" | jq -r .Dir
}
crds() { # the custom resource definitions, out of the modules that were built
  local out=$TESTBED/crds key m d
  key=$(sha256sum <"$HERE/versions.env")
  [ "$(cat "$out/.key" 2>/dev/null)" != "$key" ] || return 0
  rm -rf "$out"; mkdir -p "$out"
  for m in source-controller kustomize-controller helm-controller notification-controller; do
    d=$(source_of "$m" "github.com/fluxcd/$m")
    cp "$d"/config/crd/bases/*.yaml "$out/"
  done
  d=$(source_of kwok sigs.k8s.io/kwok)
  cp "$d"/kustomize/crd/bases/kwok.x-k8s.io_{,cluster}{logs,portforwards}.yaml "$out/"
  chmod 644 "$out"/*
  echo "$key" >"$out/.key"
}

all=(etcd webserve source-controller kustomize-controller helm-controller notification-controller kwok
  kube-apiserver kube-controller-manager kube-scheduler kubectl helm crane kustomize crds)
[ $# != 0 ] || set -- "${all[@]}"
for c in "$@"; do
  case $c in
    kube-* | kubectl) kubernetes "$c" ;;
    etcd) plain etcd go.etcd.io/etcd/server/v3 "$ETCD" ;;
    kwok) x=sigs.k8s.io/kwok; plain kwok $x "$KWOK" $x/cmd/kwok "-X $x/pkg/consts.Version=$KWOK" ;;
    source-controller) source_controller ;;
    kustomize-controller) plain $c github.com/fluxcd/$c "$KUSTOMIZE_CONTROLLER" ;;
    helm-controller) plain $c github.com/fluxcd/$c "$HELM_CONTROLLER" ;;
    notification-controller) plain $c github.com/fluxcd/$c "$NOTIFICATION_CONTROLLER" ;;
    helm) plain helm helm.sh/helm/v4 "$HELM" helm.sh/helm/v4/cmd/helm ;;
    crane) x=github.com/google/go-containerregistry; plain crane $x "$CRANE" $x/cmd/crane ;;
    kustomize) plain kustomize sigs.k8s.io/kustomize/kustomize/v5 "$KUSTOMIZE" ;;
    webserve) webserve ;;
    crds) crds ;;
    *) echo "unknown component $c; known: ${all[*]}" >&2; exit 2 ;;
  esac
done
