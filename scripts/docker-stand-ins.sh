#!/bin/sh
# Makes local images with the names that docker-compose.yml and the Dockerfile ask for, where no registry of images can be
# reached: the Node, Envoy and Consul of the tests, on a minimal Debian. Needs root, debootstrap and a
# running Docker. What this proves and what not: docs/docker.md.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

peer() { npx tsx --eval "import('./test/peers/$1.ts').then(async (peer) => console.log(await peer.$2))" | tail -n 1; }
envoy=$(peer envoy 'installEnvoy()')
consul=$(peer consul 'installConsul()')
node=$(peer node 'installNode(24)')

echo "a minimal Debian ..."
debootstrap --variant=minbase --include=ca-certificates,libstdc++6 bookworm "$work/base" >"$work/debootstrap.log" ||
  { tail -n 20 "$work/debootstrap.log"; exit 1; }
# The authorities that this machine trusts, for "npm ci" in the build.
cp /etc/ssl/certs/ca-certificates.crt "$work/base/etc/ssl/certs/"
tar -C "$work/base" -c . | docker import - signalbox-stand-in-base >/dev/null

context() { rm -rf "$work/context" && mkdir "$work/context" && cat >"$work/context/Dockerfile"; }
image() { docker build --quiet --tag "$1" "$work/context" >/dev/null && echo "made $1"; }

context <<'END'
FROM signalbox-stand-in-base
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \
 && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \
 && useradd --uid 1000 --create-home node
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]
END
cp "$node" "$work/context/node"
cp -R "$(npm root --global)/npm" "$work/context/npm"
image node:24-bookworm-slim

context <<'END'
FROM signalbox-stand-in-base
COPY envoy /usr/local/bin/envoy
RUN useradd --uid 101 envoy
USER envoy
END
cp "$envoy" "$work/context/envoy"
image envoyproxy/envoy:v1.40.0

context <<'END'
FROM signalbox-stand-in-base
COPY consul /bin/consul
RUN useradd --uid 100 consul
USER consul
ENTRYPOINT ["consul"]
END
cp "$consul" "$work/context/consul"
image consul:1.8.7
