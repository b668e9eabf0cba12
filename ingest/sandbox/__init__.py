"""Runs parsers in child processes that can neither reach the network nor write, and that cannot run on.

    SandboxPool ──frames over pipes──> child: job(header, body) -> answers
      limits     memory, CPU, wall, output, open files
      layers     rlimits, process attributes, Landlock, seccomp, an audit hook: what the platform has

One file's parser is never another file's trouble: whatever ends it costs that one file.
"""
