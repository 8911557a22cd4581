"""A real IMAP server: Debian's dovecot, with one mailbox and a certificate of its own."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from imaplib import IMAP4, ParseFlags
from typing import Any

from tests.faults.machines import Machine, free_port, program

PASSWORD = "secret"
CONFIGURATION = """
base_dir = {home}/run
log_path = /dev/stderr
protocols = imap
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
mail_location = maildir:{home}/mail
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {secure_port}
    ssl = yes
  }}
}}
"""
CERTIFICATE = [
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
    *("-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
]


class MailBox(Machine):
    """``settings`` are what a shop writes to read it. Whom ``certificate`` is given trusts it."""

    def __init__(self) -> None:
        super().__init__("dovecot")
        self.secure_port = free_port()
        self.certificate = self.home / "cert.pem"
        signed = [*CERTIFICATE, "-keyout", str(self.home / "key.pem"), "-out", str(self.certificate)]
        subprocess.run(signed, check=True, capture_output=True)
        user = pwd.getpwnam(self.account() or getpass.getuser())
        (self.home / "dovecot.conf").write_text(
            CONFIGURATION.format(
                home=self.home,
                user=user.pw_name,
                group=grp.getgrgid(user.pw_gid).gr_name,
                password=PASSWORD,
                port=self.port,
                secure_port=self.secure_port,
            )
        )
        if self.account():
            for path in (self.home, *self.home.iterdir()):
                shutil.chown(path, user.pw_uid, user.pw_gid)

    def command(self) -> Sequence[str]:
        dovecot = shutil.which("dovecot", path="/usr/sbin") or program("dovecot", "dovecot-imapd")
        return [dovecot, "-F", "-c", str(self.home / "dovecot.conf")]

    def account(self) -> str | None:
        return "dovecot" if os.geteuid() == 0 else None

    @property
    def settings(self) -> dict[str, Any]:
        return {"host": "127.0.0.1", "port": self.secure_port, "user": "shop", "password": PASSWORD}

    @contextmanager
    def opened(self) -> Iterator[IMAP4]:
        """As a person reads it."""
        with IMAP4("127.0.0.1", self.port, timeout=10) as box:
            box.login("shop", PASSWORD)
            box.select()
            yield box

    def put(self, *mails: bytes) -> None:
        with self.opened() as box:
            for mail in mails:
                box.append("INBOX", "", "", mail)

    def flags(self) -> list[str]:
        """Of each mail, the oldest first."""
        with self.opened() as box:
            _, found = box.fetch("1:*", "(FLAGS)")
        told = [ParseFlags(line) for line in found if isinstance(line, bytes)]
        return [" ".join(flag.decode() for flag in flags if flag != rb"\Recent") for flags in told]
