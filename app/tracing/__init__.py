"""Traces for others' tools: each stored answer as OpenTelemetry spans, and what people say of it."""
