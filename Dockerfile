# Signalbox alone: the compiled program and its run-time packages, which are plain JavaScript, so that the same steps
# make the image of every platform that node:24 has:
#   docker buildx build --platform linux/amd64,linux/arm64 -t signalbox .
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY proto proto
COPY scripts/copy-descriptor.mjs scripts/
COPY src src
COPY page page
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json LICENSE ./
COPY envoy envoy
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
RUN ln -s /app/dist/cli/main.js /usr/local/bin/signalbox
# By number, so that Kubernetes can tell that it is not root. It writes nothing, unless `dump` or TLS files say so.
USER 1000:1000
WORKDIR /etc/signalbox
EXPOSE 18000 18001
# An instance on another admin port needs a health check of its own.
HEALTHCHECK --interval=5s --timeout=3s --start-period=40s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:18001/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# A small young generation: what passes through is freed sooner, and less memory is held. docs/performance.md
ENTRYPOINT ["node", "--max-semi-space-size=2", "/app/dist/cli/main.js"]
CMD ["serve", "-c", "/etc/signalbox/signalbox.yaml"]
