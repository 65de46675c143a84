#!/usr/bin/env python3
"""A mirror on 127.0.0.1 for test_fetch: serves the directory given, prints its port, and does what
the first part of the path says: /plain/ ignores ranges, /range/ honours them, /cut/ closes the
connection after half of what was asked for, /gone/ answers 404. Ends when its input closes."""
import http.server
import os
import re
import sys
import threading

ROOT = sys.argv[1]


class Mirror(http.server.BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        how, name = self.path.lstrip("/").split("/", 1)
        path = os.path.join(ROOT, os.path.basename(name))
        if how == "gone" or not os.path.exists(path):
            self.send_error(404)
            return
        with open(path, "rb") as file:
            data = file.read()
        wanted = re.match(r"bytes=(\d+)-$", self.headers.get("Range", ""))
        first = int(wanted.group(1)) if wanted and how != "plain" else 0
        if first >= len(data) > 0:
            self.send_response(416)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if first else 200)
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - first))
        self.end_headers()
        end = first + (len(data) - first) // 2 if how == "cut" else len(data)
        self.wfile.write(data[first:end])
        with open(os.path.join(ROOT, "log"), "a") as log:
            log.write(f"{how} {first}\n")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
print(server.server_address[1], flush=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
