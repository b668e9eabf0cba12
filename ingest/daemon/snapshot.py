"""What the daemon's main loop shows to everybody else: a copy that nobody changes any more."""

import os
import socket
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ingest.daemon.source_state import SourceState


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The daemon at one moment; `problem` says why the newest sources file was not taken over."""

    started_at: datetime
    beat: datetime
    sources: tuple[SourceState, ...]
    problem: str = ""
    state: Literal["running", "stopped"] = "running"
    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=socket.gethostname)
