# A small image that runs as nobody in particular: docker build -t chat-server .
FROM docker.io/library/rust:1-slim-bookworm AS build
RUN apt-get update && apt-get install --yes --no-install-recommends g++ make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package chat-server --package chat-client

FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 7667 --no-create-home --home-dir /data --shell /usr/sbin/nologin chat \
    && install --directory --owner chat --group chat --mode 0700 /data
COPY --from=build /src/target/release/chat-server /src/target/release/chat-cli /usr/local/bin/
USER 7667
VOLUME /data
ENV CHAT_SERVER_DATA_DIR=/data CHAT_SERVER_LISTEN=0.0.0.0:7667
# Large blocks of memory go back to the system at once, as in the unit for systemd.
ENV MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072
EXPOSE 7667
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["chat-server", "health"]
ENTRYPOINT ["tini", "--", "chat-server"]
