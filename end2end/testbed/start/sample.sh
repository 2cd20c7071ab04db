# Sourced by up.sh: what the clusters are to run. A git repository, a Helm repository, an OCI registry, Flux objects.

start_registry() { start registry "$BIN/crane" registry serve --address "$OCI"; }
start_web() {
  start webserve "$BIN/webserve" -addr "127.0.0.1:$WEB_PORT" -git "$RUN/git" -helm "$RUN/helm" -hook "$RUN/hook" -push
}

repositories() {
  git init -q --bare -b main "$RUN/git/fleet.git"
  cp -r "$HERE/sample/repo" "$RUN/work"
  git -C "$RUN/work" init -q -b main
  work_git add -A
  work_git commit -qm "First version"
  work_git remote add origin "$WEB/git/fleet.git"
  await 10 webserve answers "$WEB/healthz"
  work_git push -q origin main
  local helm=(env HOME="$RUN/tmp" "$BIN/helm")
  "${helm[@]}" package -d "$RUN/helm" "$HERE/sample/charts/demo" >/dev/null
  "${helm[@]}" package -d "$RUN/helm" --version 0.2.0 --app-version 2.0 "$HERE/sample/charts/demo" >/dev/null
  "${helm[@]}" repo index "$RUN/helm" --url "$WEB/helm" >/dev/null
  await 10 registry answers "http://$OCI/v2/"
  tar -C "$RUN/work" -czf "$RUN/tmp/oci.tgz" apps
  "$BIN/crane" append --insecure --oci-empty-base -f "$RUN/tmp/oci.tgz" -t "$OCI/fleet:v1" \
    >/dev/null 2>"$RUN/log/crane.log"
  "${helm[@]}" push --plain-http "$RUN/helm/demo-0.1.0.tgz" "oci://$OCI/charts" >/dev/null 2>"$RUN/log/helm-push.log"
}

# objects CLUSTER FILE... : applies them with the addresses filled in
objects() {
  local c=$1 f; shift
  for f in "$@"; do sed "s#@WEB@#$WEB#; s#@OCI@#$OCI#" "$f" | K "$c" apply -f -; done >>"$RUN/log/sample-$c.log"
}
sample_a() {
  A -n flux-system create secret generic cluster-b --from-file=value="$RUN/b.kubeconfig" >/dev/null   # for "remote"
  objects a "$HERE"/sample/flux/*.yaml
}
sample_b() { objects b "$HERE/sample/flux/10-sources.yaml" "$HERE"/sample/flux-b/*.yaml; }

until_ready() { # until_ready CLUSTER NAMESPACE OBJECT...
  local c=$1 n=$2; shift 2
  K "$c" -n "$n" wait "$@" --for=condition=Ready --timeout=90s >/dev/null
}
sample_ready() {
  until_ready a flux-system gitrepository/fleet ocirepository/fleet kustomization/web kustomization/remote
  until_ready a demo helmrelease/demo helmrelease/demo-oci
  until_ready b flux-system gitrepository/fleet kustomization/web kustomization/paused
  B -n flux-system patch kustomization paused --type=merge -p '{"spec":{"suspend":true}}' >/dev/null
  until_ready b demo helmrelease/demo
}
