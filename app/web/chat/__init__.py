"""The chat: landing, conversation, question, flags."""
