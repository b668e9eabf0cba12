"""The files that Python, its libraries and this program must be able to read while they parse."""

import site
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

_PROJECT_ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("core", "index", "ingest", "prompts")

_SYSTEM_LIBRARIES = ("/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_SYSTEM_FILES = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/usr/share/mime",
    "/usr/share/zoneinfo",
    "/System/Library",
    "/Library/Frameworks",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    # How many processors and how much memory there are: ONNX Runtime and the C library ask when first used.
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
)
_SHARED_PREFIXES = ("/", "/usr", "/usr/local")


def readable_paths(named: Iterable[Path] = ()) -> tuple[Path, ...]:
    """Return the files and folders that may be read: the named ones, the libraries' and the program's.

    Of a checkout that is installed in place only the packages count, never the folders beside them, which
    may hold settings and documents.
    """
    paths = [*named, *_python_paths(), *map(Path, _SYSTEM_LIBRARIES + _SYSTEM_FILES)]
    paths += [_PROJECT_ROOT / package for package in _PACKAGES]
    paths += [path for path in import_folders() if path != _PROJECT_ROOT]
    return tuple(dict.fromkeys(path.resolve() for path in paths if path.exists()))


def import_folders() -> tuple[Path, ...]:
    """Return the folders that imports are looked for in; Python lists them whenever they change."""
    return tuple(Path(entry).resolve() for entry in sys.path if entry and Path(entry).is_dir())


def _python_paths() -> list[Path]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = [Path(sysconfig.get_path(name)) for name in names]
    paths += map(Path, site.getsitepackages())
    # A Python below /usr shares its prefix with the whole system.
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    return [*paths, *(Path(prefix) for prefix in prefixes if prefix not in _SHARED_PREFIXES)]
