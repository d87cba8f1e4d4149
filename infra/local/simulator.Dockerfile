FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY functions functions
RUN cargo build --locked --release -p management-api-simulator

FROM debian:bookworm-slim
COPY --from=build /src/target/release/management-api-simulator /usr/local/bin/
USER nobody
ENTRYPOINT ["management-api-simulator"]
