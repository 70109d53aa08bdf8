# kmsmac as an image: static, without a shell, not root. docker build -t kmsmac .
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -buildid= -X main.version=${VERSION}" -o /out/kmsmac ./cmd/kmsmac \
 && mkdir -p /out/work && chown 65532:65532 /out/work

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/kmsmac /kmsmac
# Results go to the working directory; mount a volume there to keep them.
COPY --from=build --chown=65532:65532 /out/work /work
USER 65532:65532
WORKDIR /work
EXPOSE 4599
ENTRYPOINT ["/kmsmac"]
CMD ["serve", "--listen", "0.0.0.0:4599"]
