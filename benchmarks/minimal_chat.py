"""The smallest chat page that Streamlit's documentation shows: what `benchmarks.web_page` compares with."""

import time
from collections.abc import Iterator

import streamlit as st

st.title("Chat")
if "messages" not in st.session_state:
    st.session_state.messages = []
for message in st.session_state.messages:
    with st.chat_message(message["role"]):
        st.markdown(message["content"])


def words() -> Iterator[str]:
    for word in "This is the whole answer, and it is always the same one.".split():  # noqa: SIM905
        yield f"{word} "
        time.sleep(0.01)


if question := st.chat_input("Ask"):
    st.session_state.messages.append({"role": "user", "content": question})
    with st.chat_message("user"):
        st.markdown(question)
    with st.chat_message("assistant"):
        answer = st.write_stream(words())
    st.session_state.messages.append({"role": "assistant", "content": answer})
