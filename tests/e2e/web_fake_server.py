"""Serves the page with the scripted service: `python web_fake_server.py PORT`."""

import sys
from pathlib import Path

from app.web.server import serve
from core.log import configure

if __name__ == "__main__":
    configure("info")
    serve(Path(__file__).with_name("web_fake_app.py"), "127.0.0.1", int(sys.argv[1]))
