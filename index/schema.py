"""The catalogue's tables: the durable truth that every derived index can be rebuilt from.

One database holds what belongs together in one commit: documents, chunks and vectors, conversations, answers
with their traces, and feedback. Numbered migrations in `index/migrations` create it; a test compares both.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("doc_id", String, primary_key=True),
    Column("source", String, nullable=False),
    Column("uri", String, nullable=False),
    Column("title", String, nullable=False),
    Column("version", String, nullable=False),
    Column("access", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("elements", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False, server_default=""),
    Column("detail", Text, nullable=False, server_default=""),
    Column("updated_at", String, nullable=False),
    # What the source showed when the document was last looked at, also when it could not be read: an
    # unchanged file is recognised without reading it, a quarantined one is retried when it changes.
    Column("seen_size", BigInteger, nullable=False),
    Column("seen_stamp", String, nullable=False),
    Column("seen_version", String, nullable=False),
    # Who the source said may read; differs from `access` where the document itself has the last word.
    Column("seen_access", Text, nullable=False),
    Column("metadata", Text, nullable=False, server_default="{}"),
    # MinHash signature of the words, and the older document that has nearly the same ones.
    Column("signature", LargeBinary),
    Column("duplicate_of", String, nullable=False, server_default=""),
    UniqueConstraint("source", "uri", name="uq_documents_source_uri"),
    # All that documents are listed, counted and sorted by, so that no text is read for it. Counts go along the
    # first four.
    Index(
        "ix_documents_listed",
        "source",
        "status",
        "reason",
        "access",
        "updated_at",
        "doc_id",
        "duplicate_of",
        "title",
        "uri",
    ),
)

containers = Table(
    "containers",
    metadata,
    Column("source", String, primary_key=True),
    Column("uri", String, primary_key=True),
    Column("stamp", String, nullable=False),
    Column("access", Text, nullable=False),
    Column("members", Integer, nullable=False),
)
"""Archives and mails whose members are documents; an unchanged one is not unpacked again."""

runs = Table(
    "runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("started_at", String, nullable=False),
    Column("finished_at", String, nullable=False, server_default=""),
    Column("status", String, nullable=False),
    Column("sources", Text, nullable=False),
    Column("report", Text, nullable=False, server_default="{}"),
)
"""Past ingestions; `report` is the run's report as JSON, without the list of unchanged documents."""

chunks = Table(
    "chunks",
    metadata,
    Column("chunk_no", BigInteger, primary_key=True, autoincrement=False),
    Column("chunk_id", String, nullable=False, unique=True),
    Column("doc_id", String, ForeignKey("documents.doc_id", ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("embedded_text", Text, nullable=False),
    Column("vector_hash", String, nullable=False),
    Column("section", Text, nullable=False),
    Column("page", Integer),
    # The words as `index.analysis` reads them, joined by blanks: hits are scored by them, whatever the store.
    Column("terms", Text, nullable=False, server_default=""),
    Index("ix_chunks_doc", "doc_id", "ordinal"),
    Index("ix_chunks_vector_hash", "vector_hash"),
)

vectors = Table(
    "vectors",
    metadata,
    Column("vector_hash", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

acronyms = Table(
    "acronyms",
    metadata,
    Column("short", String, primary_key=True),
    Column("long", String, primary_key=True),
    Column(
        "doc_id",
        String,
        ForeignKey("documents.doc_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Index("ix_acronyms_long", "long"),
    Index("ix_acronyms_doc", "doc_id"),
)
"""Short and long forms, in lower case, as the documents themselves introduce them."""

vocabulary = Table(
    "vocabulary",
    metadata,
    Column("term", String, primary_key=True),
    Column("chunks", Integer, nullable=False),
)
"""Analysed words with the number of chunks that had them when they came: rarity, and spelling."""

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("title", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    # When its owner let others open it by its link, '' while it is private.
    Column("shared_at", String, nullable=False, server_default=""),
    Index("ix_conversations_owner", "owner", "updated_at"),
)

answers = Table(
    "answers",
    metadata,
    Column("answer_id", String, primary_key=True),
    Column(
        "conversation_id",
        String,
        ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),
    Column("owner", String, nullable=False),
    Column("status", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("trace_id", String, nullable=False),
    Column("answer", Text, nullable=False),
    Column("trace", Text, nullable=False),
    # The answer that took this one's place when the question was asked again, '' for what is shown.
    Column("replaced_by", String, nullable=False, server_default=""),
    # What plots are drawn of, beside the JSON.
    Column("channel", String, nullable=False, server_default=""),
    Column("model", String, nullable=False, server_default=""),
    Column("total_ms", Float, nullable=False, server_default="0"),
    Column("cost_usd", Float, nullable=False, server_default="0"),
    # The configuration that a live comparison chose for its reader, '' where none runs.
    Column("variant", String, nullable=False, server_default=""),
    UniqueConstraint("conversation_id", "position", name="uq_answers_position"),
    # All that figures are counted from, so that no answer is read for one: 100,000 in 0.2 s.
    Index(
        "ix_answers_figures",
        "created_at",
        "status",
        "channel",
        "model",
        "total_ms",
        "cost_usd",
        "owner",
        "answer_id",
        "replaced_by",
    ),
)

unfinished = Table(
    "unfinished",
    metadata,
    Column("question_id", String, primary_key=True),
    Column(
        "conversation_id",
        String,
        ForeignKey("conversations.conversation_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("owner", String, nullable=False),
    Column("question", Text, nullable=False),
    Column("text", Text, nullable=False),
    # running, stopped or failed; `problem` is the sentence that the reader was told.
    Column("state", String, nullable=False),
    Column("problem", Text, nullable=False, server_default=""),
    Column("replaces", String, nullable=False, server_default=""),
    Column("started_at", String, nullable=False),
    Column("updated_at", String, nullable=False),
    Index("ix_unfinished_conversation", "conversation_id"),
)
"""Questions without a stored answer: being answered, stopped, or failed. Storing the answer removes the row."""

feedback = Table(
    "feedback",
    metadata,
    Column("feedback_id", String, primary_key=True),
    Column("idem_key", String, nullable=False),
    Column("answer_id", String, nullable=False),
    Column("author", String, nullable=False),
    Column("verdict", String, nullable=False),
    Column("category", String),
    Column("comment", Text, nullable=False),
    Column("start", Integer),
    Column("end", Integer),
    Column("selected_text", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("created_at", String, nullable=False),
    # The row that took this one's place, or 'withdrawn'.
    Column("superseded_by", String),
    Column("severity", String, nullable=False, server_default=""),
    Column("correction", Text, nullable=False, server_default=""),
    Column("correction_source", Text, nullable=False, server_default=""),
    Column("root_cause", String, nullable=False, server_default=""),
    Column("dup_of", String, nullable=False, server_default=""),
    # What was meant: answer, claim, span, citation or passage; the marker or chunk id of the last two.
    Column("target", String, nullable=False, server_default=""),
    Column("target_ref", String, nullable=False, server_default=""),
    # Who said it: end_user, reviewer or auto.
    Column("source", String, nullable=False, server_default="end_user"),
    # Question, answer, passages with scores and text hashes, prompt version, model, index generation.
    Column("snapshot", Text, nullable=False),
    Index(
        "uq_feedback_live",
        "idem_key",
        unique=True,
        sqlite_where=text("superseded_by IS NULL"),
        postgresql_where=text("superseded_by IS NULL"),
    ),
    Index("ix_feedback_answer", "answer_id"),
    # Which flags stand, without reading past their snapshots.
    Index("ix_feedback_standing", "superseded_by", "verdict", "feedback_id"),
)

llm_usage = Table(
    "llm_usage",
    metadata,
    # The day in UTC as YYYY-MM-DD; `user_ref` is the caller's name, as conversations have it.
    Column("day", String, primary_key=True),
    Column("user_ref", String, primary_key=True),
    Column("spec", String, primary_key=True),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Column("answers", Integer, nullable=False),
)
"""What language models were used for, summed; daily budgets are checked against it."""

answer_cache = Table(
    "answer_cache",
    metadata,
    # Hash of everything that the completion depends on; the text is as the model wrote it, personal data masked.
    Column("cache_key", String, primary_key=True),
    Column("index_generation", Integer, nullable=False),
    Column("created_at", String, nullable=False),
    Column("spec", String, nullable=False),
    Column("completion", Text, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Index("ix_answer_cache_created", "created_at"),
)
"""Completions that can be used again; a flag or a new index generation removes them."""

people = Table(
    "people",
    metadata,
    # Email in lower case; groups as JSON list, as the identity provider named them at the last login.
    Column("email", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("groups", Text, nullable=False),
    Column("is_active", Integer, nullable=False),
    Column("first_seen", String, nullable=False),
    Column("last_seen", String, nullable=False),
)
"""People who logged in, and those whom an admin deactivated."""

rate_counts = Table(
    "rate_counts",
    metadata,
    Column("user_ref", String, primary_key=True),
    # Start of the window, in seconds since 1970, and its length.
    Column("window_start", BigInteger, primary_key=True),
    Column("window_s", Integer, primary_key=True),
    Column("questions", Integer, nullable=False),
)
"""Questions of each person in a window of time; old windows are removed by the next count."""

review_items = Table(
    "review_items",
    metadata,
    Column("feedback_id", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("locked_by", String, nullable=False, server_default=""),
    # When the lease was last used, and since when it is the same person's.
    Column("locked_at", String, nullable=False, server_default=""),
    Column("locked_since", String, nullable=False, server_default=""),
    Column("decided_by", String, nullable=False, server_default=""),
    Column("decided_at", String, nullable=False, server_default=""),
    # What the queue needs of a flag, so that a page of it reads no snapshot: documents are the ids of all that the
    # answer was made from (JSON list), `words` what a search looks in, without case.
    Column("answer_id", String, nullable=False, server_default=""),
    Column("author", String, nullable=False, server_default=""),
    Column("category", String, nullable=False, server_default=""),
    Column("channel", String, nullable=False, server_default=""),
    Column("severity", String, nullable=False, server_default=""),
    Column("selected", Text, nullable=False, server_default=""),
    Column("question", Text, nullable=False, server_default=""),
    Column("documents", Text, nullable=False, server_default="[]"),
    Column("words", Text, nullable=False, server_default=""),
    # The root cause that the claims and passages point at, and why: JSON.
    Column("suggested_cause", String, nullable=False, server_default=""),
    Column("cause_detail", Text, nullable=False, server_default="{}"),
)
"""The queue of flags; a row is made when the queue first meets a flag."""

reviews = Table(
    "reviews",
    metadata,
    Column("review_id", String, primary_key=True),
    Column("feedback_id", String, nullable=False),
    Column("reviewer", String, nullable=False),
    Column("decision", String, nullable=False),
    # Root cause, severity, corrected answer and its source, duplicate: JSON.
    Column("labels", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", String, nullable=False),
    Index("ix_reviews_feedback", "feedback_id"),
)
"""What reviewers decided, append-only; several of one flag give their agreement."""

signals = Table(
    "signals",
    metadata,
    Column("signal_id", String, primary_key=True),
    Column("answer_id", String, nullable=False),
    Column("author", String, nullable=False),
    # copied, exported, citation_opened, rephrased, regenerated, stopped or abandoned.
    Column("kind", String, nullable=False),
    Column("place", String, nullable=False, server_default=""),
    Column("channel", String, nullable=False),
    Column("created_at", String, nullable=False),
    UniqueConstraint("answer_id", "author", "kind", "place", name="uq_signals"),
    Index("ix_signals_figures", "created_at", "kind", "author", "answer_id"),
)
"""What people did with an answer without saying anything of it; one row for each kind and place."""

audit_sample = Table(
    "audit_sample",
    metadata,
    Column("answer_id", String, primary_key=True),
    # The ISO week that it was drawn of, like 2026-W47.
    Column("period", String, nullable=False),
    Column("drawn_at", String, nullable=False),
    Column("drawn_by", String, nullable=False),
    # Ids of all documents that the answer was made from: JSON list.
    Column("documents", Text, nullable=False, server_default="[]"),
    Index("ix_audit_sample_period", "period"),
)
"""Answers drawn at random for review, so that the rate of flags can be judged."""

audit_labels = Table(
    "audit_labels",
    metadata,
    Column("label_id", String, primary_key=True),
    Column("answer_id", String, nullable=False),
    Column("reviewer", String, nullable=False),
    # right, wrong or unsure.
    Column("verdict", String, nullable=False),
    Column("category", String, nullable=False, server_default=""),
    Column("note", Text, nullable=False, server_default=""),
    Column("created_at", String, nullable=False),
    Index("ix_audit_labels_answer", "answer_id", "reviewer"),
)
"""What reviewers said of drawn answers, append-only: a reviewer's last one counts."""

notices = Table(
    "notices",
    metadata,
    Column("notice_id", String, primary_key=True),
    Column("recipient", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("object", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", String, nullable=False),
    Column("seen_at", String, nullable=False, server_default=""),
    Index("ix_notices_recipient", "recipient", "seen_at", "created_at"),
)
"""What a person is told at the next visit: what became of a flag, a document of theirs that was reported."""

source_reports = Table(
    "source_reports",
    metadata,
    Column("feedback_id", String, primary_key=True),
    Column("doc_id", String, primary_key=True),
    Column("doc_version", String, nullable=False),
    Column("owner", String, nullable=False),
    # open, changed (the document has another version now) or closed.
    Column("state", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("closed_at", String, nullable=False, server_default=""),
    Index("ix_source_reports_owner", "owner", "state"),
)
"""Documents that a reviewed flag found wrong, for their owners."""

cases = Table(
    "cases",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("dataset", String, nullable=False),
    Column("valid_from", String, nullable=False),
    Column("valid_to", String, nullable=False, server_default=""),
    Column("question", Text, nullable=False),
    # The whole case as a line of a case file (docs/evaluation.md): JSON.
    Column("content", Text, nullable=False),
    # flag, manual, import or synthetic.
    Column("origin", String, nullable=False),
    Column("source_feedback_id", String, nullable=False, server_default=""),
    # '' for a proposed case, which no run uses until somebody approves it.
    Column("approved_by", String, nullable=False, server_default=""),
    Column("split", String, nullable=False, server_default="test"),
    # The document that the case is about: splits and resampling keep its cases together.
    Column("cluster", String, nullable=False, server_default=""),
    Index("ix_cases_dataset", "dataset", "valid_to"),
    Index("ix_cases_feedback", "source_feedback_id"),
)
"""Test cases; a change closes a row with `valid_to` and writes another with the next version."""

eval_runs = Table(
    "eval_runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("variant", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("started_at", String, nullable=False),
    Column("finished_at", String, nullable=False, server_default=""),
    # Versions of code, prompts, models and index; per metric value, n and interval: JSON.
    Column("manifest", Text, nullable=False),
    Column("summary", Text, nullable=False, server_default="{}"),
)

eval_results = Table(
    "eval_results",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("case_id", String, primary_key=True),
    Column("repeat", Integer, primary_key=True),
    Column("metric", String, primary_key=True),
    Column("value", Float),
    Column("detail", Text, nullable=False, server_default="{}"),
)

eval_answers = Table(
    "eval_answers",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("case_id", String, primary_key=True),
    Column("repeat", Integer, primary_key=True, autoincrement=False),
    Column("content", Text, nullable=False),
)
"""What an evaluation was answered, as JSON, so that it can be looked at and measured again."""

shadow_answers = Table(
    "shadow_answers",
    metadata,
    Column("answer_id", String, primary_key=True),
    Column("variant", String, primary_key=True),
    Column("created_at", String, nullable=False),
    Column("content", Text, nullable=False),
)
"""What another variant would have said, beside the answer that was shown."""

audit = Table(
    "audit",
    metadata,
    Column("audit_id", String, primary_key=True),
    Column("at", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("object", String, nullable=False),
)
"""Who changed what: reviews, deactivations, runs started from the page."""

slack_inbox = Table(
    "slack_inbox",
    metadata,
    Column("inbox_id", String, primary_key=True),
    # Slack's event id, and team, channel and ts of the message: one message can come as two events.
    Column("event_key", String, nullable=False),
    Column("message_key", String, nullable=False),
    # One person's questions in one thread are answered one after the other; '' where there is no thread.
    Column("series", String, nullable=False, server_default=""),
    # mention, direct, thread, command or shortcut.
    Column("kind", String, nullable=False),
    # Who, where and what was asked: JSON, emptied when it is done.
    Column("body", Text, nullable=False),
    # waiting, working, done, failed or ignored.
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("claimed_by", String, nullable=False, server_default=""),
    Column("claimed_at", String, nullable=False, server_default=""),
    Column("received_at", String, nullable=False),
    Column("finished_at", String, nullable=False, server_default=""),
    Column("answer_id", String, nullable=False, server_default=""),
    # The message that the answer grows in, so that a restart finds it.
    Column("posted_ts", String, nullable=False, server_default=""),
    UniqueConstraint("event_key", name="uq_slack_inbox_event"),
    UniqueConstraint("message_key", name="uq_slack_inbox_message"),
    Index("ix_slack_inbox_state", "state", "received_at"),
)
"""What came from Slack, stored before it is acknowledged."""

slack_messages = Table(
    "slack_messages",
    metadata,
    Column("team", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("ts", String, primary_key=True),
    Column("answer_id", String, nullable=False),
    # A long answer is several messages, from 0.
    Column("segment", Integer, nullable=False),
    # private (the asker alone reads it) or channel.
    Column("audience", String, nullable=False),
    Column("posted_at", String, nullable=False),
    Index("ix_slack_messages_answer", "answer_id", "segment"),
)
"""Which message shows which answer."""

slack_threads = Table(
    "slack_threads",
    metadata,
    Column("team", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("thread_ts", String, primary_key=True),
    # Whose conversation it is, as conversations have it.
    Column("owner", String, primary_key=True),
    Column("conversation_id", String, nullable=False),
    Column("updated_at", String, nullable=False),
)
"""The conversation that a thread goes on with, of each person in it."""

slack_people = Table(
    "slack_people",
    metadata,
    Column("team", String, primary_key=True),
    Column("slack_user", String, primary_key=True),
    Column("email", String, nullable=False),
    Column("linked_at", String, nullable=False),
)
"""People who linked their Slack account by a one-time address."""

slack_link_codes = Table(
    "slack_link_codes",
    metadata,
    Column("code_hash", String, primary_key=True),
    Column("team", String, nullable=False),
    Column("slack_user", String, nullable=False),
    Column("expires_at", String, nullable=False),
    Column("used_at", String, nullable=False, server_default=""),
)
"""One-time addresses that were given out, by the hash of their code."""
