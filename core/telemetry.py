"""Keeps libraries from calling home: each reads its own variable when it is imported.

ONNX Runtime 1.31 sends usage events to its maker and keeps a device id under ~/.cache on import, Unstructured
reports every import, and Hugging Face's client adds what it knows to its requests.
"""

import os

_SWITCHES = {
    "ORT_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "true",
    "SCARF_NO_ANALYTICS": "true",
    "UNSTRUCTURED_DISABLE_NOTICE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ANONYMIZED_TELEMETRY": "false",
}


def silence_telemetry() -> None:
    """Switch off usage reports of libraries; call it before one of them is imported.

    It sets variables of the process's own environment, which its children inherit.
    """
    os.environ.update(_SWITCHES)
