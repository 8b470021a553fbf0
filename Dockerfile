# docker build -t tidemark . && docker run -v ./tidemark.yaml:/etc/tidemark/tidemark.yaml:ro -p 9847:9847 tidemark
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev --omit=optional --no-audit --no-fund

FROM node:24-bookworm-slim
WORKDIR /opt/tidemark
ENV NODE_ENV=production
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY package.json LICENSE ./
USER node
EXPOSE 9847
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve", "--config", "/etc/tidemark/tidemark.yaml"]
