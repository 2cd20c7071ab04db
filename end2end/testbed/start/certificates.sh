# Sourced by up.sh: one certificate authority for both clusters, the kubeconfigs, the service account keys.

quiet() { "$@" 2>"$RUN/log/openssl.log" || { cat "$RUN/log/openssl.log" >&2; exit 1; }; }
new_key() { quiet openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; chmod 600 "$1.key"; }
sign() { # sign NAME SUBJECT EXTENSIONS
  new_key "$1"
  quiet openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  printf '%b' "$3" >"$1.ext"
  quiet openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile "$1.ext" -out "$1.crt"
}
kubeconfig() { # kubeconfig FILE PORT USER CLUSTER
  cat >"$1" <<Y
apiVersion: v1
kind: Config
current-context: $4
contexts: [{name: $4, context: {cluster: $4, user: $3}}]
clusters: [{name: $4, cluster: {server: "https://127.0.0.1:$2", certificate-authority-data: $(base64 -w0 ca.crt)}}]
users: [{name: $3, user: {client-certificate-data: $(base64 -w0 "$3.crt"), client-key-data: $(base64 -w0 "$3.key")}}]
Y
  chmod 600 "$1"
}

certificates() {
  local san='subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc\n'
  local client='extendedKeyUsage=clientAuth\n' server='extendedKeyUsage=serverAuth\n' c x
  cd "$RUN/pki"
  new_key ca
  quiet openssl req -x509 -new -key ca.key -subj /CN=testbed-ca -days 30 -out ca.crt
  sign apiserver /CN=kube-apiserver "$san$server"
  sign kwok /CN=kwok "$san$server"
  sign admin /O=system:masters/CN=admin "$client"
  sign kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client "$client"
  sign kcm /CN=system:kube-controller-manager "$client"
  sign scheduler /CN=system:kube-scheduler "$client"
  sign viewer /O=viewers/CN=viewer "$client"
  for c in a b; do    # a key for each cluster: a token of one is no token of the other
    quiet openssl genrsa -out sa-$c.key 2048
    quiet openssl rsa -in sa-$c.key -pubout -out sa-$c.pub
  done
  kubeconfig "$RUN/a.kubeconfig" "$API_A_PORT" admin a
  kubeconfig "$RUN/b.kubeconfig" "$API_B_PORT" admin b
  kubeconfig "$RUN/viewer.kubeconfig" "$API_A_PORT" viewer a
  for x in kcm scheduler; do
    kubeconfig "$RUN/$x.kubeconfig" "$API_A_PORT" $x a
    kubeconfig "$RUN/$x-b.kubeconfig" "$API_B_PORT" $x b
  done
  cd "$RUN"
}
