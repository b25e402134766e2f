#!/usr/bin/env python3
"""An example of a source in another language than Go: the lines of a file that only grows.

The modules source_pb2 and the like are made of proto/actiontrail/plugin/v1 (see README.md).
"""
import base64
import datetime
import json
import os
import sys
import threading
from concurrent import futures

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from actiontrail.plugin.v1 import plugin_pb2, source_pb2, source_pb2_grpc

COOKIE = "a3f1d8c2-5f0e-4a65-9d0b-7c4e1b9a62d7"


def problems(config):
    """All that is wrong with a configuration."""
    wrong = [([key], f'there is no attribute "{key}"; there is: file') for key in sorted(config) if key != "file"]
    if not isinstance(config.get("file"), str):
        wrong.append((["file"], "the path of a file is needed"))
    return [plugin_pb2.Problem(path=path, text=text) for path, text in wrong]


class Lines(source_pb2_grpc.SourceServicer):
    def __init__(self):
        self.closed = threading.Event()

    def Check(self, request, context):
        return plugin_pb2.CheckResponse(problems=problems(json.loads(request.config)))

    def Open(self, request, context):
        config = json.loads(request.config)
        wrong = problems(config)
        if not wrong:
            self.file = open(config["file"], "rb")
            self.offset = next((int(m.value) for m in request.cursor if m.key == "next"), 0)
            self.file.seek(self.offset)
        return source_pb2.OpenResponse(problems=wrong)

    def Read(self, request, context):
        rest = b""
        while context.is_active() and not self.closed.is_set():
            *lines, rest = (rest + self.file.read(256 << 10)).split(b"\n")
            for first in range(0, len(lines), 1000):
                yield self.batch(lines[first:first + 1000])
            if not lines:
                self.closed.wait(0.1)

    def batch(self, lines):
        batch = source_pb2.Batch(files=[source_pb2.File(id=self.file.name, path=self.file.name)])
        for line in lines:
            batch.records.add(data=line, offset=self.offset)
            self.offset += len(line) + 1
        batch.marks.add(key="next", value=str(self.offset).encode())
        return batch

    def Committed(self, request, context):
        return source_pb2.CommittedResponse()

    def Close(self, request, context):
        self.closed.set()
        return source_pb2.CloseResponse()


def certificate():
    """A key and a certificate for this one process."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - 365 * day).not_valid_after(now + 10000 * day)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256()))
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), made


def main():
    if os.environ.get("ACTIONTRAIL_PLUGIN") != COOKIE:
        sys.exit("this program is a plugin of actiontrail: name it as the command of a source block")
    if "1" not in os.environ["PLUGIN_PROTOCOL_VERSIONS"].split(","):
        sys.exit("this plugin speaks version 1 of the protocol only")
    key, made = certificate()
    credentials = grpc.ssl_server_credentials([(key, made.public_bytes(serialization.Encoding.PEM))],
                                              root_certificates=os.environ["PLUGIN_CLIENT_CERT"].encode(), require_client_auth=True)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    source, alive = Lines(), health.HealthServicer()
    source_pb2_grpc.add_SourceServicer_to_server(source, server)
    health_pb2_grpc.add_HealthServicer_to_server(alive, server)
    alive.set("plugin", health_pb2.HealthCheckResponse.SERVING)
    address = os.path.join(os.environ["PLUGIN_UNIX_SOCKET_DIR"], "plugin")
    server.add_secure_port("unix:" + address, credentials)
    server.start()
    told = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode().rstrip("=")
    print(f"1|1|unix|{address}|grpc|{told}", flush=True)
    source.closed.wait()
    server.stop(1).wait()


if __name__ == "__main__":
    main()
