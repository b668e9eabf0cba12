"""Files whose members become documents of their own: archives, mailboxes and mails."""
