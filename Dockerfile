# Newer or older systems than Debian 12: docker build -t s4l . && docker run --rm -v "$PWD/runs:/s4l/runs" s4l run rotation --labels 10
FROM debian:12
WORKDIR /s4l
COPY . .
RUN ./bootstrap.sh run --help
ENTRYPOINT ["./bootstrap.sh"]
