"""Links a Slack account to the person who is logged in, by the one-time address that the bot gave out."""

import streamlit as st

from app.account_links import AccountLinks
from app.application import Application
from app.chat_view import plain_html
from app.web.oidc import is_login_configured
from app.web.problems import guarded
from core.answers import Caller
from core.errors import AccessDenied

_DONE = "slack_linked"


def render(application: Application, caller: Caller) -> None:
    """Draw the page once, for one run of the script. Opening it links nothing: previews open addresses too."""
    st.html('<h1 class="fn-page-title">Link your Slack account</h1>')
    if not is_login_configured(application.settings.oidc):
        raise AccessDenied("Nobody logs in here, so there is no login to link a Slack account to.")
    linked = st.session_state.get(_DONE)
    if linked and "code" not in st.query_params:
        st.html(plain_html(linked, "fn-aside", role="status"))
        return
    links = AccountLinks(application.service.catalogue.engine, application.settings.data_dir)
    code = st.query_params.get("code", "")
    account = links.pending(code)
    st.html(
        plain_html(
            f"The Slack account {account.slack_user} of the workspace {account.team} will ask as {caller.name}, and read "
            "every document that you may read.",
            "fn-page-lead",
        )
    )
    st.html(
        plain_html(
            "Go on only if you asked the bot for this address yourself, a moment ago. If somebody sent it to you, close "
            "this page: the account would be theirs.",
            "fn-aside",
        )
    )
    if st.button("Link this account", key="link_slack", type="primary"):
        with guarded():
            links.link(code, caller)
            st.session_state[_DONE] = (
                "Your Slack account is linked. Ask the bot your question again."
            )
            del st.query_params["code"]
            st.rerun()
