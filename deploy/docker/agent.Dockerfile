# The light agent, and nothing else in the image.
#
#   docker build -f deploy/docker/agent.Dockerfile -t actiontrail-agent .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -tags grpcnotrace -ldflags "-s -w -X main.version=$VERSION" -o /actiontrail-agent ./cmd/actiontrail-agent \
 && mkdir /data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/local/go/lib/time/zoneinfo.zip
COPY --from=build /actiontrail-agent /actiontrail-agent
COPY --from=build --chown=65532:65532 /data /data
ENV ZONEINFO=/usr/local/go/lib/time/zoneinfo.zip
USER 65532:65532
ENTRYPOINT ["/actiontrail-agent", "--data", "/data"]
