"""A weights provider on loopback: models made of real files, and what was asked of it."""

import hashlib
import json
import pathlib
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

QUESTION = "/models/v1/external/weights"


class Provider:
    """Serves in threads of its own from the time it is made. Everything may be changed between requests."""

    def __init__(self):
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.reset()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self):
        """No models, no requests, and answers as they should be."""
        self.models, self.aliases, self.files = {}, {}, {}
        self.requests = []  # (method, path, headers)
        self.refusal = None  # the status of every answer to a question, with a body
        self.pace = None  # (bytes, seconds): pieces of a file and the pause after each
        self.sent = {}  # bytes of each path that were written
        self.download_began = threading.Event()

    def add_model(self, model_id, alias, folder, package_ids=("aaaa1111",)):
        """Offers the files of `folder` as ONNX packages of a detector."""
        packages = [self._package(package_id, pathlib.Path(folder)) for package_id in package_ids]
        self.models[model_id] = {
            "type": "external-model-metadata-v1",
            "modelId": model_id,
            "modelArchitecture": "yolov8",
            "taskType": "object-detection",
            "nextPage": None,
            "modelPackages": packages,
        }
        self.aliases[alias] = model_id
        return packages

    def _package(self, package_id, folder):
        files = []
        for name in ("class_names.txt", "inference_config.json", "weights.onnx"):
            content = (folder / name).read_bytes()
            self.files[f"/{package_id}/{name}"] = content
            md5 = hashlib.md5(content).hexdigest()
            files.append({"fileHandle": name, "downloadUrl": f"{self.url}/{package_id}/{name}", "md5Hash": md5})
        manifest = {
            "type": "onnx-model-package-v1",
            "backendType": "onnx",
            "dynamicBatchSize": True,
            "quantization": "fp32",
            "opset": 17,
        }
        return {
            "type": "external-model-package-v1",
            "packageId": package_id,
            "trustedSource": True,
            "packageManifest": manifest,
            "packageFiles": files,
        }

    def asked(self, path=QUESTION):
        return sum(requested == path for _, requested, _ in self.requests)

    def downloads(self):
        return [path for method, path, _ in self.requests if method == "GET" and path != QUESTION]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    provider: Provider

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        # Of the test that asks: an answer may still be under way when the next one begins.
        self.sent, self.began = self.provider.sent, self.provider.download_began
        address = urlsplit(self.path)
        self.provider.requests.append((self.command, address.path, dict(self.headers)))
        if address.path == QUESTION:
            return self._answer_question(parse_qs(address.query).get("modelId", [""])[0])
        content = self.provider.files.get(address.path)
        if content is None:
            return self._answer(404, b"no such file")
        first = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not first:
            return self._answer(200, content)
        start = int(first[1])
        end = int(first[2] or len(content) - 1) + 1
        place = f"bytes {start}-{end - 1}/{len(content)}"
        return self._answer(206, content[start:end], {"Content-Range": place})

    def _answer_question(self, model_id):
        if self.provider.refusal:
            status, body = self.provider.refusal
            return self._answer(status, body.encode())
        model = self.provider.models.get(self.provider.aliases.get(model_id, model_id))
        if model is None:
            return self._answer(404, b"no such model")
        return self._answer(200, json.dumps({"modelMetadata": model}).encode())

    def _answer(self, status, content, headers=None):
        self.send_response(status)
        etag = f'"{hashlib.md5(content).hexdigest()}"' if status == 200 else None
        for name, value in {"Accept-Ranges": "bytes", "Content-Length": len(content), **(headers or {})}.items():
            self.send_header(name, str(value))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        if self.command == "HEAD":
            return
        try:
            self._write(content)
        except OSError:  # who asked has gone
            self.close_connection = True

    def _write(self, content):
        path = urlsplit(self.path).path
        size, pause = self.provider.pace or (max(len(content), 1), 0)
        for start in range(0, len(content), size):
            piece = content[start : start + size]
            self.wfile.write(piece)
            self.sent[path] = self.sent.get(path, 0) + len(piece)
            if path.endswith("weights.onnx"):
                self.began.set()
            time.sleep(pause)
