"""A bare copy of one branch of a Git repository, read with the system's `git`.

Nothing of the repository runs here: no checkout, no hooks, no filters, no submodules, no prompts. `git` gets
an environment and a configuration of ours only, and never an argument that a repository or a sources file
could turn into an option.
"""

import base64
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from core.errors import ConfigError, ParseError, SourceError
from core.settings import environment_of

_HEAD = "refs/footnote/head"
_FETCH_S = 600
_READ_S = 120
_INHERITED = (
    "PATH", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy",
    "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "all_proxy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the branch's tree; `path` is as the repository has it, maybe no UTF-8."""

    mode: str
    kind: str
    sha: str
    size: int
    path: bytes


class GitRepository:
    """The copy in `folder` of a branch at `address`; `protocol` is the only one that git may speak."""

    def __init__(
        self,
        folder: Path,
        address: str,
        protocol: str,
        branch: str,
        *,
        history: bool = True,
        user: str = "",
        token: SecretStr | None = None,
    ) -> None:
        self._copy = folder / "repository.git"
        self._folder = folder
        self._address = address
        self._branch = branch
        self._history = history
        self._environment = _environment(folder, protocol, address, user, token)
        self._secrets = [token.get_secret_value()] if token else []

    def update(self) -> str:
        """Fetch the branch; return the id of its newest commit.

        Raises:
            SourceError: it cannot be fetched, or not within ten minutes.
            ConfigError: git is not installed.
        """
        with self._locked():
            try:
                self._fetch()
            except SourceError:
                if self._is_whole():
                    raise
                shutil.rmtree(self._copy, ignore_errors=True)
                self._fetch()
        return self._git(["rev-parse", "--verify", f"{_HEAD}^{{commit}}"]).decode().strip()

    def entries(self, commit: str) -> Iterator[Entry]:
        """Yield everything in a commit's tree, sorted by path, folders opened.

        Raises:
            SourceError: the copy cannot be read.
        """
        listed = self._git(["ls-tree", "-r", "-z", "--long", "--full-tree", commit])
        for line in listed.split(b"\0"):
            if line:
                facts, _, path = line.partition(b"\t")
                mode, kind, sha, size = facts.decode("ascii").split()
                yield Entry(mode, kind, sha, int(size) if size != "-" else 0, path)

    def dates(self, commit: str) -> dict[bytes, str]:
        """Return for each path when a commit last touched it, ISO 8601; '' has the newest commit's date.

        Only the commits since the last call are read: the rest is remembered beside the copy.
        """
        head = _iso(self._git(["show", "--no-patch", "--format=%ct", commit]))
        if not self._history:
            return {b"": head}
        store = self._folder / "dates.json"
        known, since = _remembered_dates(store)
        if since == commit:
            return {**known, b"": head}
        if since and not self._is_ancestor(since, commit):
            known, since = {}, ""  # the branch was rewritten
        span = f"{since}..{commit}" if since else commit
        log = self._git(
            [
                "log",
                "-z",
                "--format=%x01%ct",
                "--name-only",
                "--no-renames",
                "--diff-merges=1",
                span,
            ]
        )
        dates = {**known, **_dates_in(log)}
        _remember_dates(store, commit, dates)
        return {**dates, b"": head}

    def read(self, sha: str) -> bytes:
        """Return a blob.

        Raises:
            SourceError: the copy does not have it.
        """
        return self._git(["cat-file", "blob", sha])

    def _is_ancestor(self, commit: str, of: str) -> bool:
        try:
            self._git(["merge-base", "--is-ancestor", commit, of])
        except SourceError:
            return False
        return True

    def _is_whole(self) -> bool:
        """Return whether the copy itself is sound, so that a failure is none of its own."""
        try:
            self._git(["fsck", "--connectivity-only", "--no-dangling", "--no-progress"])
        except SourceError:
            return False
        return True

    def _fetch(self) -> None:
        if not (self._copy / "HEAD").is_file():
            self._copy.mkdir(parents=True, exist_ok=True)
            self._git(["init", "--quiet", "--bare", "--template="])
        depth = [] if self._history else ["--depth=1"]
        if self._history and (self._copy / "shallow").exists():
            depth = ["--unshallow"]
        wanted = f"refs/heads/{self._branch}" if self._branch else "HEAD"
        self._git(
            ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
             *depth, "--", self._address, f"+{wanted}:{_HEAD}"],
            _FETCH_S,
        )  # fmt: skip

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time change the copy, and clear the locks that a killed one left in it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / "config").write_text(_CONFIG, encoding="utf-8")
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for left in [*self._copy.glob("*.lock"), *self._copy.glob("refs/**/*.lock")]:
                left.unlink(missing_ok=True)
            yield

    def _git(self, arguments: Sequence[str], timeout_s: int = _READ_S) -> bytes:
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program; arguments are ours or stand behind `--`
                ["git", "--git-dir", str(self._copy), *arguments],  # noqa: S607
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout_s,
                check=False,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise ConfigError(
                "Sources of `type: git` need the program git, which is not installed. Install it."
            ) from error
        except subprocess.TimeoutExpired as error:
            raise self._error(f"git did not finish within {timeout_s} seconds") from error
        if done.returncode:
            raise self._error(_last_words(done.stderr))
        return done.stdout

    def _error(self, why: str) -> SourceError:
        for secret in self._secrets:
            why = why.replace(secret, "***")
        branch = f", branch {self._branch!r}," if self._branch else ""
        return SourceError(
            f"The repository {self._address!r}{branch} cannot be read: {why}. Check the address, the branch "
            "and that this user may read it. Nothing was changed."
        )


def read_blob(repository: GitRepository, sha: str) -> bytes:
    """Return a document's bytes.

    Raises:
        ParseError: `io` when the copy does not have it, `unsupported` when Git LFS keeps it elsewhere.
    """
    try:
        content = repository.read(sha)
    except SourceError as error:
        raise ParseError("io", "The repository's copy does not have this file any more.") from error
    if content.startswith(b"version https://git-lfs.github.com/spec/"):
        raise ParseError("unsupported", "Git LFS keeps this file outside the repository.")
    return content


# Read through GIT_CONFIG_GLOBAL, so that it also holds for the programs that git starts. A local repository
# may belong to another user: it is one that the administrator has named, and nothing of it is run.
_CONFIG = """\
[core]
	hooksPath = /dev/null
	fsmonitor = false
	sshCommand = ssh -o BatchMode=yes -o ConnectTimeout=20
[safe]
	directory = *
[credential]
	helper =
[gc]
	autoDetach = false
[filter "lfs"]
	smudge =
	required = false
[http]
	lowSpeedLimit = 1
	lowSpeedTime = 60
"""


def _environment(
    folder: Path, protocol: str, address: str, user: str, token: SecretStr | None
) -> Mapping[str, str]:
    environment = {
        **environment_of(_INHERITED),
        "HOME": str(folder),
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(folder / "config"),
        "GIT_ALLOW_PROTOCOL": protocol,
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    if token is not None:
        # In the environment, not in the arguments: those are visible to everybody on the machine.
        pair = base64.b64encode(f"{user}:{token.get_secret_value()}".encode()).decode()
        environment |= {
            "GIT_CONFIG_COUNT": "2",
            "GIT_CONFIG_KEY_0": f"http.{address}.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {pair}",
            # The header would go along to wherever the server sends us.
            "GIT_CONFIG_KEY_1": "http.followRedirects",
            "GIT_CONFIG_VALUE_1": "false",
        }
    return environment


def _last_words(stderr: bytes) -> str:
    """Return what git says went wrong: its first line that says so, printable, without its full stop."""
    lines = stderr.decode("utf-8", "replace").splitlines()
    told = [line for line in lines if line.startswith(("fatal:", "error:", "ERROR:"))]
    line = (told or lines or ["git gave no reason"])[0]
    words = "".join(char if char.isprintable() else " " for char in line)
    return words.removeprefix("fatal: ").removeprefix("error: ")[:300].rstrip(". ")


def _dates_in(log: bytes) -> dict[bytes, str]:
    """Read `git log -z --format=%x01%ct --name-only`: newest first, so the first date of a path counts."""
    dates: dict[bytes, str] = {}
    date = ""
    for part in log.split(b"\0"):
        name = part.removeprefix(b"\n")
        if name.startswith(b"\x01"):
            stamp, _, name = name[1:].partition(b"\n")
            date = _iso(stamp)
        if name:
            dates.setdefault(name, date)
    return dates


def _remembered_dates(store: Path) -> tuple[dict[bytes, str], str]:
    try:
        kept = json.loads(store.read_text(encoding="utf-8"))
        return {os.fsencode(path): str(date) for path, date in kept["dates"].items()}, str(
            kept["commit"]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, ""  # the first time, or half written: the whole log is read again


def _remember_dates(store: Path, commit: str, dates: Mapping[bytes, str]) -> None:
    kept = {"commit": commit, "dates": {os.fsdecode(path): date for path, date in dates.items()}}
    store.write_text(json.dumps(kept), encoding="utf-8")


def _iso(seconds: bytes) -> str:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError, OSError):
        return ""  # a commit may claim any date
