"""How much of the machine one file may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Limits of one child; `memory_mb` is what it may take beyond what its libraries take."""

    memory_mb: int = 1024
    cpu_s: int = 60
    """CPU time of one file, all threads together; the kernel counts whole seconds."""
    wall_s: float = 90
    """Time that the parent waits for one file's answers, its own work between them left out."""
    output_mb: int = 200
    """Of one file's answers together, as `protocol.cost` counts them."""
    open_files: int = 64
